//! The protocols of this crate, run through every interleaving of few threads by loom:
//! `cargo test -p layerw-jobs --features loom --lib`.
//!
//! The first models take the parts one by one; the last ones run whole workers, as they are, with tiny arrays and
//! without a clock ([`crate::sync`]). Loom finds lost wake-ups (all threads blocked), data races on the cells, and
//! whatever the models assert. Preemptions are bounded where a model would take minutes otherwise; two have been enough
//! for nearly all known bugs of such code (Musuvathi and Qadeer, *Iterative Context Bounding*, 2007).

mod parts;
mod workers;

/// Explores `model` with at most `preemptions` preemptions.
fn explore(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}
