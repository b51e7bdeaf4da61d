//! The host behind small traits: what differs between Linux, Windows, a browser page and a WASI guest, and nothing else.
//!
//! A capability is one module. Where hosts differ in kind, the module holds a trait and its adapters ([`files::Files`],
//! [`terminal::Terminal`], [`clock::Clock`]), and one contract suite (`tests/contract.rs`) runs against each of them; where they
//! differ in one line, it holds a function. Priorities, in order:
//!
//! 1. A file under its final name is whole, whenever and however the process ends.
//! 2. Nothing here allocates once it is constructed, where a running step may call it.
//! 3. A missing capability steps down to something that works, and never panics.
//!
//! The monotonic clock is `layerw_trace::now_ns`; here is only the wall clock, for reports.

#![deny(unsafe_code)]

pub mod clock;
pub mod files;
pub mod input;
pub mod progress;
pub mod signals;
pub mod terminal;
pub mod threads;
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
mod web;
pub mod window;

use std::ffi::OsString;
use std::sync::OnceLock;

/// The name of this host, as reports print it: `linux-x86_64`, `windows-x86_64`, `wasi-wasm32`, `web-wasm32`.
pub fn host() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| {
        let system = match std::env::consts::OS {
            // Neither has an operating system, hence no name.
            "" | "unknown" if cfg!(target_os = "wasi") => "wasi",
            "" | "unknown" => "web",
            named => named,
        };
        format!("{system}-{}", std::env::consts::ARCH)
    })
}

/// The words of the command line, the program's name first. A browser page makes them of its address.
pub fn arguments() -> Vec<OsString> {
    #[cfg(all(target_family = "wasm", target_os = "unknown"))]
    return web::arguments();
    #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
    std::env::args_os().collect()
}

/// How many CPUs this process may use, at least 1: the affinity mask and the CPU quota of its container count, the machine's size does not.
///
/// Hosts that cannot tell count as one CPU.
pub fn available_cpus() -> usize {
    #[cfg(all(target_family = "wasm", target_os = "unknown"))]
    return web::cpus();
    #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
    std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_host_has_a_system_and_a_processor() {
        let (system, processor) = super::host().split_once('-').expect("system-processor");
        assert!(!system.is_empty() && !processor.is_empty());
    }

    #[test]
    fn there_is_a_cpu() {
        assert!(super::available_cpus() >= 1);
    }
}
