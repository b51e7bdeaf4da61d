// Scripts: modules that the browser's own engine runs, each instance in a memory of its own. Names are those of `script/src/runtime/native/page/js.rs`.
//
// Nothing here throws: a trap of a script is caught, kept in words, and told to the program, which goes on.

/** Adds to a worker's `layerw` what runs scripts in this worker; `memory` is the program's. */
export function addScripts(layerw, memory) {
  const modules = new Map();
  const instances = new Map();
  let said = "";
  let theirs = views(memory);

  /** The program's memory, which other workers may have let grow. */
  const ours = () => {
    if (theirs.bytes.buffer !== memory.buffer) theirs = views(memory);
    return theirs;
  };
  const own = (instance) => {
    if (instance.bytes.buffer !== instance.memory.buffer) instance.bytes = new Uint8Array(instance.memory.buffer);
    return instance.bytes;
  };

  layerw.scriptMake = (number, key, bytes, words, table, places, [first, most, area]) => {
    try {
      // A copy, since modules are not made of shared memory.
      if (!modules.has(key)) modules.set(key, new WebAssembly.Module(bytes.slice()));
      const own = new WebAssembly.Memory({ initial: first, maximum: most });
      const [name, types, names] = words.split("\n");
      const functions = names === "" ? [] : names.split(",").map((name, index) => [name, table.get(places[index])]);
      const { exports } = new WebAssembly.Instance(modules.get(key), { env: { memory: own }, layerw: Object.fromEntries(functions) });
      // Behind whatever the module has by now, so that nothing of its own moves.
      const end = own.buffer.byteLength;
      own.grow(area);
      instances.set(number, {
        memory: own,
        bytes: new Uint8Array(own.buffer),
        exports,
        call: name === "" ? () => {} : exports[name],
        at: exports["layerw.at"],
        // Filled for each call: a list that stays makes no garbage.
        words: Array.from(types, () => 0),
        isWhole: Array.from(types, (letter) => letter === "l"),
      });
      return end;
    } catch (error) {
      said = sentence(error);
      return -1;
    }
  };
  layerw.scriptWrite = (number, to, from, count) => {
    own(instances.get(number)).set(ours().bytes.subarray(from, from + count), to);
  };
  layerw.scriptRead = (number, from, to, count) => {
    const bytes = own(instances.get(number));
    if (from + count > bytes.length) return false;
    ours().bytes.set(bytes.subarray(from, from + count), to);
    return true;
  };
  layerw.scriptGrow = (number, pages) => {
    try {
      return instances.get(number).memory.grow(pages) * 65536;
    } catch {
      return -1;
    }
  };
  layerw.scriptCall = (number, at) => {
    const instance = instances.get(number);
    const { words, isWhole } = instance;
    const { floats, wholes } = ours();
    for (let index = 0, place = at / 8; index < words.length; index += 1, place += 1) {
      words[index] = isWhole[index] ? wholes[place] : floats[place];
    }
    if (instance.at !== undefined) instance.at.value = 0;
    try {
      instance.call(...words);
      return true;
    } catch (error) {
      said = sentence(error);
      return false;
    }
  };
  layerw.scriptNumber = (number, name) => {
    const found = instances.get(number).exports[name];
    return found === undefined ? -1 : found.value >>> 0;
  };
  layerw.scriptSaid = () => said;
  layerw.scriptDrop = (number) => instances.delete(number);
}

/** The same bytes as numbers of different kinds. */
function views({ buffer }) {
  return { bytes: new Uint8Array(buffer), floats: new Float64Array(buffer), wholes: new BigInt64Array(buffer) };
}

const sentence = (error) => String(error?.message ?? error);
