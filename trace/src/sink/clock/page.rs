//! The clock of a browser page: std has none there. It is the same in all of the page's workers.

use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    /// Milliseconds since 1970 (`web-pack/page/host.js`).
    #[wasm_bindgen(js_namespace = layerw)]
    fn now() -> f64;
}

pub(super) struct Steady {
    start_ms: f64,
}

impl Steady {
    pub(super) fn start() -> Steady {
        Steady { start_ms: now() }
    }

    /// Nanoseconds since the start.
    pub(super) fn now_ns(&self) -> u64 {
        ((now() - self.start_ms).max(0.0) * 1e6) as u64
    }
}
