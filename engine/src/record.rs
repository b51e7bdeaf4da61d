//! Recordings: the state hash of every step of a run, for repeating the run and for comparing two.
//!
//! ```text
//! file    = magic "LAYERWRC", version u32, block…, end block
//! block   = tag u8, length u32, payload of that many bytes, check u64
//! check   = XXH3-64 of tag, length and payload, seeded with the block's number: a block that is changed, missing, doubled or
//!           moved does not check
//!
//! header  JSON: identity of the run, first step, components with their fields, systems with what they write; the first block
//! name    UTF-8: the next number, from 0, stands for this component from here on
//! system  system u32, then component u32, hash u128, …: the state when that system had run                          (with detail)
//! rows    component u32, then entity u64, hash u64, …: its rows at the end of the step, if they are others
//!         than before                                                                                               (with detail)
//! input   step u64, then the bytes of the resource `layerw input`: what the player does from the step on that begins when `step` are done
//! step    step u64, hash u128, then component u32, hash u128, …: ends what was said about the step
//! end     steps recorded u64, last step u64
//! ```
//!
//! Numbers are little-endian. The first step block is the state before the first step. Blocks can be written without allocating and read one by one:
//! a recording with detail is larger than memory soon. A recording is a draft beside its name until it is closed, so a file without an end was cut later.

mod block;
mod diff;
mod error;
mod reader;
mod writer;

use layerw_ecs::World;
use layerw_frame_graph::{Mode, Plan};
use serde::{Deserialize, Serialize};

use crate::identity::Identity;

pub(crate) use diff::{diff, first_component};
pub use error::{Damage, RecordingError};
pub(crate) use reader::{Part, Reader, StepRecord};
pub(crate) use writer::Writer;

/// What a file of ours begins with.
const MAGIC: [u8; 8] = *b"LAYERWRC";

/// Goes up whenever an older program would misread the file.
const VERSION: u32 = 2;

/// The oldest version that is read: it has no input.
const VERSION_READ: u32 = 1;

/// What a recording says before its first step.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Header {
    /// The run.
    pub(crate) identity: Identity,
    /// The step that the run began with: 0, or where its snapshot left off.
    pub(crate) first_step: u64,
    /// Every how many steps a step is recorded.
    pub(crate) every: u64,
    /// Whether rows and systems are recorded.
    pub(crate) detail: bool,
    /// What the world held at the beginning.
    pub(crate) components: Vec<ComponentInfo>,
    /// The systems in written order.
    pub(crate) systems: Vec<SystemInfo>,
}

/// A component as its schema says.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct ComponentInfo {
    pub(crate) name: String,
    /// Hash of the layout, 16 hexadecimal digits.
    pub(crate) layout: String,
}

/// A system and the components that it declared to write.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct SystemInfo {
    pub(crate) name: String,
    pub(crate) writes: Vec<String>,
}

/// The components that a world knows, in order of name.
pub(crate) fn components(world: &World) -> Vec<ComponentInfo> {
    let info = |id| {
        let schema = world.schema(id);
        ComponentInfo {
            name: schema.name.to_string(),
            layout: format!("{:016x}", schema.layout_hash),
        }
    };
    let mut found: Vec<ComponentInfo> = world.component_ids().map(info).collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// The systems of a plan in written order.
pub(crate) fn systems(plan: &Plan) -> Vec<SystemInfo> {
    let system = |node| {
        let writes = plan
            .accesses(node)
            .iter()
            .filter(|access| access.mode == Mode::Write);
        // The frame graph calls a resource `resource NAME`; in hashes it is one part with the component of that name.
        let component = |name: &str| name.strip_prefix("resource ").unwrap_or(name).to_owned();
        SystemInfo {
            name: plan.node(node).name.clone(),
            writes: writes
                .map(|access| component(&plan.key(access.key).name))
                .collect(),
        }
    };
    plan.node_ids().map(system).collect()
}

/// One row of a component: whose it is, and a hash of its value.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct RowHash {
    /// [`layerw_ecs::Entity::to_bits`].
    pub(crate) entity: u64,
    pub(crate) hash: u64,
}

#[cfg(test)]
mod tests;
