// The engine's own worker: worker 0 of the pool, which may block, as the window may not.

import { run } from "./run.js";

onmessage = ({ data }) => run(data, (message, transfer = []) => postMessage(message, transfer));
