//! The world of Layer-W: entities, components in chunks, queries, commands, change ticks, state hash and image.
//!
//! Priorities, in this order, so that trade-offs are decided once:
//!
//! 1. **Determinism.** The same operations give the same bits on every host, with any number of workers.
//! 2. **The world is an image.** All that influences a later step lies in the pages of one pool as plain data and offsets.
//! 3. **Speed** of walking over columns first, of changing structure second, of everything else third.
//! 4. **Few ideas.** A component is a `Copy` struct, a system is a function, and that is most of it.

// So that `#[component]` finds this crate by its own name from inside, too.
extern crate self as layerw_ecs;

pub mod access;
mod archetype;
mod bundle;
mod checkpoint;
mod chunk;
pub mod chunks;
pub mod commands;
mod cx;
mod entities;
mod entity;
mod error;
pub mod fetch;
pub mod filter;
pub mod first;
mod hash;
mod image;
mod local;
mod matches;
pub mod math;
mod pages;
pub mod par;
pub mod params;
mod past;
mod protect;
mod query;
mod random;
mod registry;
mod root;
pub mod row;
pub mod schedule;
mod schema;
mod simd;
mod slab;
mod storage;
pub mod system;
mod table;
mod walk;
pub mod whole;
pub mod workers;
mod world;

pub use archetype::Archetype;
pub use bundle::Bundle;
pub use checkpoint::Checkpoint;
pub use chunk::{CHUNK_ROWS, Chunk, ChunkId};
pub use commands::{Commands, Pending};
pub use cx::{Cx, Run, Step};
pub use entity::{Entity, NoSuchEntity};
pub use error::EcsError;
pub use filter::{Changed, With, Without};
pub use hash::{Hasher, StateHash};
pub use image::{Base, ImageError, image_header};
pub use layerw_ecs_macros::component;
pub use params::{Events, Local, LocalMut, Res, ResMut};
pub use past::{Fork, Kept};
pub use query::{ChunkRows, Query};
pub use random::Random;
pub use registry::{COMPONENTS_MAX, ComponentId};
pub use row::IntoRow;
pub use schema::{ALIGN_MAX, Component, Field, Primitive, Resource, Schema, Value};
#[doc(hidden)]
pub use schema::{TypeNumber, join};
pub use whole::IntoWhole;
pub use world::{Held, Spawned, World};
