// Runs a program for WASI in Node: node --no-warnings wasi.mjs PROGRAM.wasm [OPTION...]
// The working folder is all that the program sees of the file system.
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { WASI } from "node:wasi";

const [program, ...options] = process.argv.slice(2);
if (program === undefined) {
  console.error("no program named; give one: node --no-warnings wasi.mjs PROGRAM.wasm [OPTION...]");
  process.exit(2);
}
const { LAYERW_PROJECT, LAYERW_MEMORY } = process.env;
const named = { LAYERW_PROJECT, LAYERW_MEMORY };
const env = Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined));
const wasi = new WASI({
  version: "preview1",
  args: [basename(program), ...options],
  env,
  preopens: { ".": process.cwd() },
  returnOnExit: true,
});
// Wrapped, because Node 20 calls its own functions by a short cut that ends in a crash when the memory has grown.
const own = wasi.getImportObject().wasi_snapshot_preview1;
const wrapped = Object.entries(own).map(([name, call]) => [name, (...values) => call(...values)]);
const module = await WebAssembly.compile(await readFile(program));
const imports = { wasi_snapshot_preview1: Object.fromEntries(wrapped) };
process.exitCode = wasi.start(await WebAssembly.instantiate(module, imports));
