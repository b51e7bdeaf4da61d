//! What a program asks of the page: functions of the global object `layerw`, which each of the page's workers has (`web-pack/page/host.js`).
//!
//! Through `Reflect` and not by declarations, so that this crate stays without unsafe code; none of them is called in a step.

use std::ffi::OsString;

use js_sys::{Array, Function, Reflect, Uint8Array, global};
use wasm_bindgen::{JsCast, JsValue};

/// A member of `layerw`; undefined where the page has none.
fn member(name: &str) -> JsValue {
    let get = |object: &JsValue, name: &str| Reflect::get(object, &name.into());
    let layerw = get(&global(), "layerw").unwrap_or_default();
    get(&layerw, name).unwrap_or_default()
}

/// What a function of `layerw` answers; undefined where there is none, or it throws.
fn ask(name: &str, values: &Array) -> JsValue {
    let function = member(name).dyn_into::<Function>();
    let answer = function.map(|function| function.apply(&JsValue::UNDEFINED, values));
    answer.ok().and_then(Result::ok).unwrap_or_default()
}

/// The words of the command line, the program's name first.
pub(crate) fn arguments() -> Vec<OsString> {
    let words = Array::from(&ask("options", &Array::new()));
    words
        .iter()
        .filter_map(|word| word.as_string())
        .map(OsString::from)
        .collect()
}

/// Shows text: results, or messages for a person.
pub(crate) fn write(text: &[u8], is_result: bool) {
    let text = String::from_utf8_lossy(text);
    ask("write", &Array::of2(&(&*text).into(), &is_result.into()));
}

/// How many CPUs the page says that there are.
pub(crate) fn cpus() -> usize {
    member("cpus")
        .as_f64()
        .map_or(1, |cpus| (cpus as usize).max(1))
}

/// The date, in milliseconds since 1970.
pub(crate) fn now_ms() -> f64 {
    ask("now", &Array::new()).as_f64().unwrap_or(0.0)
}

/// A file that came with the page, or that this run wrote.
pub(crate) fn file(name: &str) -> Option<Vec<u8>> {
    let found = ask("file", &Array::of1(&name.into()));
    Some(found.dyn_into::<Uint8Array>().ok()?.to_vec())
}

/// Hands a file to the page, which offers it for download.
pub(crate) fn keep(name: &str, bytes: &[u8]) {
    ask("keep", &Array::of2(&name.into(), &Uint8Array::from(bytes)));
}
