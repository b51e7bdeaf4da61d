// Opens a packed page in Chromium: node browser.mjs PLAYWRIGHT CHROMIUM FOLDER WAY OPTIONS [--again] [--keep FOLDER] [--give FILE] [--picture FILE]
//
// OPTIONS are the page's parameters. Prints what the page prints, then what it shows, one `page NAME VALUE` a line. --again runs it twice, --keep saves the
// files that it offers, --give hands it one before the run that is looked at, --picture takes one at the end. WAY is one of WAYS.
import { createServer } from "node:http";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { extname, join, normalize } from "node:path";

/** How the page is served: with the headers that threads need? Under a name for which browsers allow service workers? Which file is missing? */
const WAYS = {
  isolated: { headers: true, host: "127.0.0.1" },
  plain: { headers: false, host: "plain.test" },
  "service-worker": { headers: false, host: "127.0.0.1" },
  "no-workers": { headers: true, host: "127.0.0.1", without: "Worker" },
  "lost-worker": { headers: true, host: "127.0.0.1", lost: "worker.js" },
  "lost-engine": { headers: true, host: "127.0.0.1", lost: "engine.js" },
  "lost-program": { headers: true, host: "127.0.0.1", lost: "program_bg.wasm" },
  "lost-script": { headers: true, host: "127.0.0.1", lost: "project/compiled-scripts/0.wasm" },
  "changed-script": { headers: true, host: "127.0.0.1", changed: "project/compiled-scripts/0.wasm" },
};
/** Not at the root, because a page has to work from any place. */
const BASE = "/some/where/";
const KINDS = { ".html": "text/html", ".js": "text/javascript", ".json": "application/json", ".wasm": "application/wasm" };
const ISOLATION = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

const [playwright, executablePath, folder, wayName, parameters, ...rest] = process.argv.slice(2);
const { chromium } = createRequire(join(playwright, "package.json"))("playwright-core");
const way = WAYS[wayName];
const option = (name) => (rest.includes(name) ? rest[rest.indexOf(name) + 1] : undefined);

const server = createServer(async (request, response) => {
  const path = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
  const name = path.startsWith(BASE) ? normalize(path.slice(BASE.length) || "index.html") : "..";
  try {
    if (name.startsWith("..") || name === way.lost) throw new Error("not here");
    const bytes = await readFile(join(folder, name));
    if (name === way.changed) bytes[bytes.length >> 1] ^= 1;
    const kind = { "Content-Type": KINDS[extname(name)] ?? "application/octet-stream" };
    response.writeHead(200, way.headers ? { ...kind, ...ISOLATION } : kind).end(bytes);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

const browser = await chromium.launch({
  executablePath,
  args: [
    "--headless",
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP plain.test 127.0.0.1",
  ],
});
try {
  const page = await browser.newPage();
  const wrong = [];
  page.on("console", (message) => message.type() === "error" && wrong.push(message.text()));
  page.on("pageerror", (error) => wrong.push(error.message));
  if (way.without !== undefined) await page.addInitScript((name) => delete globalThis[name], way.without);
  await page.goto(`http://${way.host}:${server.address().port}${BASE}?${parameters}`);
  await ended(page);
  if (option("--give") !== undefined) await page.setInputFiles("#give", option("--give"));
  if (rest.includes("--again") || option("--give") !== undefined) {
    if (rest.includes("--again")) process.stdout.write(await page.textContent("#output"));
    await page.click("#again");
    await ended(page);
  }
  process.stdout.write(await page.textContent("#output"));
  for (const name of ["state", "note", "steps", "workers", "jobs", "hash"]) {
    tell(name, await page.textContent(`#${name}`));
  }
  // Bytes of the program's memory when it wrote each of its lines.
  tell("memory", await page.$$eval("#output span", (lines) => lines.map((line) => line.dataset.memory).join(" ")));
  for (const link of await page.$$("#files a")) {
    const name = await link.getAttribute("download");
    const bytes = await link.evaluate(async ({ href }) => Array.from(new Uint8Array(await (await fetch(href)).arrayBuffer())));
    if (name === "report.json") {
      const { host, allocations_per_frame, wall_seconds } = JSON.parse(Buffer.from(bytes).toString());
      tell("host", host);
      tell("allocations", allocations_per_frame);
      tell("seconds", wall_seconds);
    }
    if (option("--keep") !== undefined) {
      await mkdir(option("--keep"), { recursive: true });
      await writeFile(join(option("--keep"), name), Buffer.from(bytes));
    }
  }
  if (option("--picture") !== undefined) await page.screenshot({ path: option("--picture") });
  for (const text of wrong) tell("error", text);
} finally {
  await browser.close();
  server.close();
}

async function ended(page) {
  await page.waitForFunction(() => document.body?.dataset.ended !== undefined, undefined, { timeout: 120_000 });
}

function tell(name, value) {
  console.log(`page ${name} ${String(value).replaceAll("\n", " ")}`);
}
