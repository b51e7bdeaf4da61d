//! What a module and its host agree on.
//!
//! A module is WebAssembly with one custom section, [`SECTION`], that holds a [`Manifest`] as JSON: which components it knows, and for each system the
//! exported function, its parameters in order, and what it reads and writes. The manifest is the declaration of access: the host
//! grants a module the columns that stand in it and nothing else.
//!
//! | parameter | WebAssembly type | what it is |
//! |---|---|---|
//! | [`Param::Column`] | `i32` | address of the column's first row; rows follow one another, `size` bytes each |
//! | [`Param::Entities`] | `i32` | address of the first row's entity, 8 bytes each, read only |
//! | [`Param::Count`] | `i32` | rows, at least 1 |
//! | [`Param::Resource`] | `i32` | address of the resource's value |
//! | [`Param::Events`] | `i32` | address of the first event of the step before, a copy; the others follow |
//! | [`Param::EventCount`] | `i32` | how many of them there are |
//! | [`Param::Dt`], [`Param::Dt64`] | `f32`, `f64` | simulated seconds of this step |
//! | [`Param::Step`], [`Param::Seed`] | `i64` | number of the step, seed of the run |
//!
//! A system's function returns nothing. It is called for some rows of one chunk at a time: a whole chunk, or a block of it unless its declaration says
//! [`whole_chunks`](SystemDecl::whole_chunks). Addresses are absolute in the module's memory and lie above `memory.size`: a module reaches them by plain loads and stores,
//! not by bulk operations. The constant offset of such a load or store stays below 32 MiB; a larger one is compared with `memory.size` and traps. Where the host cannot map
//! columns, they are copied to room behind the module's own memory, which `memory.size` then covers.
//!
//! There is an instance for each worker and system, so what a module keeps in its memory or globals between calls differs from worker to worker: what a later call
//! depends on belongs into components and resources.
//!
//! The module imports its memory as `env.memory`, without a maximum or with one of at least 65 535 pages, and from the module [`IMPORTS`] those functions that its manifest asks for:
//!
//! | function | type | what it does |
//! |---|---|---|
//! | `despawn` | `(i64)` | records that the entity is to be despawned |
//! | `spawn` | `(i32, i32)` | records an entity of the template with that number, whose values stand at that address one after another |
//! | `insert` | `(i64, i32, i32)` | records that the entity is to have the template's components, values as for `spawn` |
//! | `remove` | `(i64, i32)` | records that the entity is to lose the template's components |
//! | `send` | `(i32, i32)` | records an event: the template with that number, which has one component, with its value at that address |
//! | `sin_f32`, `sin_f64`, …: [`MATH`] | `(f32)` or `(f64)`, or two of them, to one | what `libm` gives; a NaN is the canonical one |
//!
//! Values stand in the module's own memory or in a column of the call, packed in the order of the template; a `bool` or an entity among them must be one. Commands and events are for systems
//! whose manifest entry says `"commands": true`; others trap.
//!
//! An optional exported global `layerw.row`, a mutable `i32`, holds the row that the system is working on, counted from the first of the call, wherever something in it may trap, so that
//! the host can name the entity. An optional custom section `layerw.map` holds a source map (version 3; the column is the offset in the
//! module, the line is 0), by which a trap is traced to a line of the source; where an instruction may trap, the entry's name says in words what that means.

mod manifest;
mod math;
mod section;

pub use manifest::{
    BytesDecl, ComponentDecl, FieldDecl, Manifest, Param, ResourceDecl, SystemDecl,
};
pub use math::{MATH, MathFunction, math};
pub use section::{ManifestError, attach, read, read_map};

/// The version of this agreement. A module of another version is refused.
pub const VERSION: u32 = 1;

/// The custom section that holds the manifest.
pub const SECTION: &str = "layerw";

/// The custom section that holds the source map.
pub const MAP_SECTION: &str = "layerw.map";

/// The module name of the functions that a host offers.
pub const IMPORTS: &str = "layerw";

/// The exported global with the row at hand.
pub const ROW_GLOBAL: &str = "layerw.row";
