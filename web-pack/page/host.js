// What the program asks of its host, in each worker. Names are those of `platform/src/web.rs`.

/** Makes this worker a host; returns the object that answers. */
export function serve({ options = [], write = () => {}, files = new Map(), keep = () => {} }) {
  // Asked once: the engine reads the clock while it waits for work.
  const origin = performance.timeOrigin;
  globalThis.layerw = {
    /** Workers that are there, the engine's own included. */
    workers: 1,
    /** How many of them can run at the same time. */
    cpus: navigator.hardwareConcurrency ?? 1,
    options: () => options,
    write: (text, isResult) => write(text, isResult),
    /** Milliseconds since 1970, the same clock in every worker. */
    now: () => origin + performance.now(),
    file: (name) => files.get(name),
    keep(name, bytes) {
      files.set(name, bytes);
      keep(name, bytes);
    },
  };
  return globalThis.layerw;
}
