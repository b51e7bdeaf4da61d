//! Native code: of wasmtime, or of the page's own engine where the program itself runs in a browser, which lets it make none.

#[cfg(all(
    feature = "wasmtime",
    not(all(target_family = "wasm", target_os = "unknown"))
))]
mod compiled;
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
mod page;

use super::host::{AnyProgram, Common};
use super::source_map::Lines;
use super::{Runtime, ScriptError};
use std::sync::Arc;

/// Whether scripts come here as modules that were compiled before ([`packed`](crate::packed)): on pages, which are smaller without a compiler.
pub const COMPILED_BEFORE: bool = cfg!(all(target_family = "wasm", target_os = "unknown"));

/// Whether modules become native code where a runtime was asked for. A page's engine also stands in for those that were not built in, since all give the same bits.
pub(super) fn runs(asked: Runtime) -> bool {
    if COMPILED_BEFORE {
        return asked != Runtime::Wasmi || !cfg!(feature = "wasmi");
    }
    cfg!(feature = "wasmtime") && matches!(asked, Runtime::Best | Runtime::Wasmtime)
}

/// Checks a module, and tries to start it.
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
pub(super) fn load(
    common: Arc<Common>,
    module: &[u8],
    lines: Option<Lines>,
) -> Result<Arc<dyn AnyProgram>, ScriptError> {
    Ok(Arc::new(page::Page::new(common, module, lines)?))
}

/// Checks and compiles a module, and tries to start it.
#[cfg(all(
    feature = "wasmtime",
    not(all(target_family = "wasm", target_os = "unknown"))
))]
pub(super) fn load(
    common: Arc<Common>,
    module: &[u8],
    lines: Option<Lines>,
) -> Result<Arc<dyn AnyProgram>, ScriptError> {
    Ok(Arc::new(compiled::Native::new(common, module, lines)?))
}

/// Never asked to: see [`runs`].
#[cfg(not(any(
    feature = "wasmtime",
    all(target_family = "wasm", target_os = "unknown")
)))]
pub(super) fn load(
    common: Arc<Common>,
    _: &[u8],
    _: Option<Lines>,
) -> Result<Arc<dyn AnyProgram>, ScriptError> {
    Err(Runtime::Wasmtime.missing(&common.name))
}
