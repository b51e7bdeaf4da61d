// A worker of the pool: joins the engine's memory, says that it is there, and never returns to its event loop.

import init, { layerw_worker } from "./program.js";
import { serve } from "./host.js";
import { addScripts } from "./scripts.js";

/** Bytes: what the engine asks for its threads elsewhere. */
const STACK = 8 * 2 ** 20;

onmessage = async ({ data: { module, memory, port } }) => {
  let said = "";
  const host = serve({
    write(text, isResult) {
      if (!isResult && text.trim() !== "") said = text;
      port.postMessage({ text, isResult });
    },
  });
  addScripts(host, memory);
  // A worker that does not get as far as `ready` is one less, and no reason to end the run.
  await init({ module_or_path: module, memory, thread_stack_size: STACK });
  postMessage("ready");
  try {
    layerw_worker();
  } catch (error) {
    port.postMessage({ state: `failed: ${said.trim() || (error.message ?? error)}`, ended: 1 });
  }
};
