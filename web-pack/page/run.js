// One run of the program: its memory, its files, the workers of the pool, `main`.
//
// The memory is made here and handed to other workers only where the page is isolated (headers COOP and COEP), so one program serves pages with and without
// threads: every browser makes a shared memory, and only sending it needs isolation.

import init from "./program.js";
import { serve } from "./host.js";
import { addScripts } from "./scripts.js";

/** Largest linear memory, in pages of 64 KiB. */
const PAGES_MAX = 65536;
/** Most workers, for addresses that ask for silly numbers. */
const WORKERS_MAX = 64;
const REPORT = "report.json";

/** Runs it with `options` and the files `given`; `tell` takes what the page shows, the last of it with `ended`, the exit status. */
export async function run({ options, given }, tell) {
  let said = "";
  const pool = [];
  try {
    const project = await (await arrive("project.json")).json();
    const [module, files] = await Promise.all([compile(), filesOf(project.files)]);
    const memory = makeMemory(project.pages);
    const reported = options.includes("--report") ? [] : ["--report", REPORT];
    const host = serve({
      options: ["program", "run", ...options, ...reported],
      write(text, isResult) {
        if (!isResult && text.trim() !== "") said = text;
        tell({ text, isResult, memory: memory.buffer.byteLength });
      },
      files: new Map([...files, ...given]),
      keep(name, bytes) {
        if (name === REPORT) tell({ report: JSON.parse(new TextDecoder().decode(bytes)) });
        tell({ file: { name, bytes } });
      },
    });
    addScripts(host, memory);
    const program = await init({ module_or_path: module, memory });
    const note = await startPool(pool, options, module, memory, tell);
    host.workers = pool.length + 1;
    host.cpus = Math.min(host.cpus, host.workers);
    tell({ state: "running", workers: host.workers, note });
    const ended = program.main(0, 0);
    tell({ state: ended === 0 ? "done" : `failed: ${said.trim()}`, ended });
  } catch (error) {
    // A trap has no message of its own; what was said before it has.
    tell({ state: `failed: ${said.trim() || (error.message ?? error)}`, ended: 1 });
  }
  for (const worker of pool) worker.terminate();
}

async function compile() {
  const bytes = await (await arrive("program_bg.wasm")).arrayBuffer();
  try {
    // Of bytes and not of the answer, which some servers send with a type that browsers refuse.
    return await WebAssembly.compile(bytes);
  } catch (error) {
    throw new Error(`this browser cannot run the program (${error.message}); use one with WebAssembly's threads and vectors`);
  }
}

/** As large as the browser allows. */
function makeMemory(pages) {
  for (let maximum = PAGES_MAX; maximum >= pages; maximum /= 2) {
    try {
      return new WebAssembly.Memory({ initial: pages, maximum, shared: true });
    } catch {
      // Less, then.
    }
  }
  throw new Error("the browser gives this page no memory; close other pages and load this one again");
}

/** The project's own files. */
async function filesOf(names) {
  const bytes = async (name) => new Uint8Array(await (await arrive(`project/${name}`)).arrayBuffer());
  return new Map(await Promise.all(names.map(async (name) => [name, await bytes(name)])));
}

async function arrive(name) {
  const answer = await fetch(new URL(`./${name}`, import.meta.url));
  if (!answer.ok) {
    throw new Error(`${name} did not arrive (status ${answer.status}); load the page again`);
  }
  return answer;
}

/** Fills the pool with as many workers as are wanted and can be had; returns why there are fewer, if so. */
async function startPool(pool, options, module, memory, tell) {
  const asked = Number(options[options.indexOf("--threads") + 1]);
  const wanted = Number.isInteger(asked) && asked >= 1 ? Math.min(asked, WORKERS_MAX) : navigator.hardwareConcurrency ?? 1;
  if (wanted === 1) return undefined;
  if (typeof Worker === "undefined") return "One worker, because this browser has no web workers here.";
  if (!globalThis.crossOriginIsolated) {
    return "One worker, because the server does not send the headers COOP and COEP that threads need, and no service worker can add them here.";
  }
  const starts = Array.from({ length: wanted - 1 }, () => startWorker(module, memory, tell));
  for (const start of await Promise.allSettled(starts)) {
    if (start.status === "fulfilled") pool.push(start.value);
  }
  const lost = wanted - 1 - pool.length;
  return lost === 0 ? undefined : `${lost} of ${wanted} workers could not be loaded (worker.js); the others do their work.`;
}

/** Starts a worker that waits for jobs; resolves when it does. */
function startWorker(module, memory, tell) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    worker.onmessage = () => resolve(worker);
    worker.onerror = (event) => {
      event.preventDefault();
      worker.terminate();
      reject(event);
    };
    // While the engine runs, this worker hears nothing: what the other says goes to the window directly.
    const { port1, port2 } = new MessageChannel();
    tell({ port: port1 }, [port1]);
    worker.postMessage({ module, memory, port: port2 }, [port2]);
  });
}
