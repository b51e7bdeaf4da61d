//! What a page does for scripts: functions of the global object `layerw`, which each of its workers has (`web-pack/page/scripts.js`). Instances go by the numbers that they are made under,
//! addresses are bytes from the start of the instance's or of the program's memory, and nothing is thrown.

use std::sync::atomic::{AtomicU32, Ordering};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

/// Pages of 64 KiB.
pub(super) struct Pages {
    /// That the module asks for.
    pub(super) first: u64,
    /// That its memory may grow to.
    pub(super) most: u64,
    /// That are added behind what is the module's own.
    pub(super) area: u64,
}

/// What an instance is made of.
pub(super) struct Recipe<'r> {
    /// A number that all instances of the module have in common, under which a worker keeps the compiled module.
    pub(super) module: u32,
    pub(super) bytes: &'r [u8],
    /// The function to call, if any.
    pub(super) export: &'r str,
    /// The types of its parameters, a letter each: see [`Words`](super::cell).
    pub(super) types: &'r str,
    /// Names of imported functions with commas between them, and their places in this program's table.
    pub(super) imports: (&'r str, &'r [u32]),
    pub(super) pages: Pages,
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = layerw, js_name = scriptMake)]
    fn script_make(
        number: u32,
        module: u32,
        bytes: &[u8],
        words: &str,
        table: &JsValue,
        functions: &[u32],
        pages: &[u32],
    ) -> f64;

    /// Copies into an instance's memory.
    #[wasm_bindgen(js_namespace = layerw, js_name = scriptWrite)]
    pub(super) fn write(number: u32, to: u32, from: u32, bytes: u32);

    /// Copies out of it; false where it has no such bytes.
    #[wasm_bindgen(js_namespace = layerw, js_name = scriptRead)]
    pub(super) fn read(number: u32, from: u32, to: u32, bytes: u32) -> bool;

    /// Adds pages to its memory; the bytes that it had before, or less than 0.
    #[wasm_bindgen(js_namespace = layerw, js_name = scriptGrow)]
    pub(super) fn grow(number: u32, pages: u32) -> f64;

    /// Calls its function with words of 64 bits that stand there; false if it stopped.
    #[wasm_bindgen(js_namespace = layerw, js_name = scriptCall)]
    pub(super) fn call(number: u32, words: u32) -> bool;

    /// A number that it exports, as a global of 32 bits; less than 0 where it has none of that name.
    #[wasm_bindgen(js_namespace = layerw, js_name = scriptNumber)]
    pub(super) fn number(number: u32, name: &str) -> f64;

    /// What the browser said of what went wrong last.
    #[wasm_bindgen(js_namespace = layerw, js_name = scriptSaid)]
    pub(super) fn said() -> String;

    /// Forgets an instance.
    #[wasm_bindgen(js_namespace = layerw, js_name = scriptDrop)]
    pub(super) fn drop(number: u32);
}

/// Makes an instance in this worker; the bytes of its own memory. The error is what the browser says.
pub(super) fn make(number: u32, recipe: &Recipe<'_>) -> Result<usize, String> {
    let Recipe {
        export,
        types,
        imports: (names, functions),
        pages,
        ..
    } = recipe;
    let words = format!("{export}\n{types}\n{names}");
    let pages = [pages.first, pages.most, pages.area].map(|pages| pages as u32);
    let table = wasm_bindgen::function_table();
    let (module, bytes) = (recipe.module, recipe.bytes);
    let own = script_make(number, module, bytes, &words, &table, functions, &pages);
    if own < 0.0 {
        Err(said())
    } else {
        Ok(own as usize)
    }
}

/// A number that nothing else has in this program.
pub(super) fn fresh() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    // Relaxed: it orders nothing.
    NEXT.fetch_add(1, Ordering::Relaxed)
}
