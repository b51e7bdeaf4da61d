// The window's part: starts the engine in a worker of its own and shows what it says. Nothing here waits.
//
// The address takes the options of `layerw run`, one parameter each: ?frames=300&hash-every=100&set=boids=1000&threads=2

const at = (id) => document.getElementById(id);
const options = [...new URLSearchParams(location.search)].flatMap(([name, value]) => (value === "" ? [`--${name}`] : [`--${name}`, value]));

/** Ends what still runs. */
let stop = () => {};
/** Files that the person gave, and that runs wrote: name to bytes. */
const given = new Map();

at("again").onclick = start;
at("give").onchange = async ({ target }) => {
  for (const file of target.files) {
    given.set(file.name, new Uint8Array(await file.arrayBuffer()));
  }
};
isolate().then((reloads) => reloads || start());

function start() {
  stop();
  for (const id of ["note", "steps", "workers", "jobs", "memory", "hash", "progress", "output", "files"]) {
    at(id).replaceChildren();
  }
  delete document.body.dataset.ended;
  at("again").disabled = true;
  at("state").textContent = "loading";
  let over = false;
  let engine;
  stop = () => {
    over = true;
    // Its own workers end with it.
    engine?.terminate();
  };
  const tell = (message) => {
    if (over) return;
    if (message.port !== undefined) message.port.onmessage = ({ data }) => tell(data);
    show(message);
    if (message.ended !== undefined) stop();
  };
  const lost = (what) => tell({ ended: 1, state: `failed: ${what} could not be loaded; load the page again` });
  const call = { options, given };
  if (typeof Worker === "undefined") {
    import("./run.js").then(({ run }) => run(call, tell)).catch(() => lost("run.js"));
    return;
  }
  engine = new Worker(new URL("./engine.js", import.meta.url), { type: "module" });
  engine.onmessage = ({ data }) => tell(data);
  engine.onerror = (event) => lost(event.message || "engine.js, or what it needs,");
  engine.postMessage(call);
}

/** What the engine or one of its workers says. */
function show({ text, isResult, memory, state, note, workers, file, report, ended }) {
  if (memory !== undefined) {
    at("memory").textContent = `${Math.round(memory / 2 ** 20)} MiB`;
  }
  if (text?.startsWith("\r")) {
    // A bar that is drawn over; what stands behind it clears the rest of a terminal's line.
    at("progress").textContent = text.slice(1).replace("\x1b[K", "");
  } else if (text !== undefined && text !== "\n") {
    const line = document.createElement("span");
    line.textContent = text;
    line.dataset.memory = memory ?? "";
    at("output").append(line);
    const hash = isResult && /^hash ([0-9a-f]{32})$/m.exec(text);
    if (hash) at("hash").textContent = hash[1];
  }
  if (workers !== undefined) at("workers").textContent = workers;
  if (note !== undefined) at("note").textContent = note;
  if (state !== undefined) at("state").textContent = state;
  if (file !== undefined) {
    given.set(file.name, file.bytes);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([file.bytes]));
    link.download = file.name;
    link.textContent = file.name;
    at("files").append(link, " ");
  }
  if (report !== undefined) {
    at("steps").textContent = `${report.step}, of which ${report.frames} now`;
    at("workers").textContent = report.threads;
    at("jobs").textContent = report.workers.map((worker) => worker.runs).join(", ");
  }
  if (ended !== undefined) {
    at("progress").replaceChildren();
    at("again").disabled = false;
    document.body.dataset.ended = ended;
    if (ended !== 0) console.error(at("state").textContent);
  }
}

/** Where the server does not send the headers that threads need, a service worker can add them, from the next load on: true if that is under way. */
async function isolate() {
  const mark = "layerw reloaded";
  try {
    if (crossOriginIsolated || !("serviceWorker" in navigator)) {
      sessionStorage.removeItem(mark);
      return false;
    }
    if (sessionStorage.getItem(mark) !== null) return false;
    await navigator.serviceWorker.register(new URL("./isolate.js", import.meta.url));
    await navigator.serviceWorker.ready;
    sessionStorage.setItem(mark, "yes");
    location.reload();
    return true;
  } catch {
    // Not allowed here: one thread will do, and the page says so.
    return false;
  }
}
