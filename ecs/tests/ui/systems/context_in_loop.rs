//! A context belongs to its worker; each part of a loop gets the one of the worker that runs it.

use layerw_ecs::Cx;
use layerw_trace::Label;

fn fill(cx: Cx) {
    cx.par_for(Label::default(), 10_000, 64, |range, _| {
        cx.scratch().alloc(range.start);
    });
}

fn main() {
    let _ = fill;
}
