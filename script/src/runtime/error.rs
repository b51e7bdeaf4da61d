//! Why a script cannot be loaded or bound to a world.

use crate::abi::ManifestError;
use layerw_ecs::EcsError;

/// Every message names the script, the thing that is wrong with it, and the cure.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScriptError {
    /// The module does not say what it is, or contradicts itself.
    #[error("script `{script}`: {source}")]
    Manifest {
        /// The script.
        script: String,
        /// What is wrong.
        source: ManifestError,
    },
    /// More than the code generator is given.
    #[error(
        "script `{script}`: {what}: {found}, and {limit} is the most; split the script, or raise `{setting}` of its compile limits if you trust it"
    )]
    TooLarge {
        /// The script.
        script: String,
        /// What there is too much of.
        what: String,
        /// How much.
        found: u64,
        /// The limit.
        limit: u64,
        /// The limit's field in [`CompileLimits`](super::CompileLimits).
        setting: &'static str,
    },
    /// The module is malformed or uses what is not offered: threads, several memories, relaxed SIMD, 64-bit memory, garbage-collected types.
    #[error("script `{script}`: its module cannot be compiled: {reason}")]
    Compile {
        /// The script.
        script: String,
        /// What the validator or code generator says.
        reason: String,
    },
    /// Something is imported that is not granted, or not as it is.
    #[error("script `{script}`: import `{import}`: {reason}")]
    Import {
        /// The script.
        script: String,
        /// Module and name.
        import: String,
        /// What is wrong with it, and the cure.
        reason: String,
    },
    /// A system's function is missing, or is not what the manifest says.
    #[error("script `{script}`, system `{system}`: {reason}")]
    System {
        /// The script.
        script: String,
        /// The system.
        system: String,
        /// What is wrong with it, and the cure.
        reason: String,
    },
    /// An instance could not be made: its start function failed, or its segments do not fit.
    #[error("script `{script}` cannot be started: {reason}")]
    Start {
        /// The script.
        script: String,
        /// What happened.
        reason: String,
    },
    /// A component is not what the script was compiled for.
    #[error(
        "script `{script}`: component `{component}` has another layout in this world ({differences}; \"here\" is the script); compile the script again, or give one of the two another name"
    )]
    Layout {
        /// The script.
        script: String,
        /// The component.
        component: String,
        /// Field by field.
        differences: String,
    },
    /// A component of the script finds no room in the world.
    #[error("script `{script}`: {source}")]
    World {
        /// The script.
        script: String,
        /// The refusal.
        source: EcsError,
    },
    /// Nothing here runs WebAssembly.
    #[error("script `{script}`: this host cannot run scripts as native code: {reason}")]
    Host {
        /// The script.
        script: String,
        /// Why.
        reason: String,
    },
}
