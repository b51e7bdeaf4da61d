//! A camera that flies over terrain too large for memory: what each frame needs, and how often a policy does not have it.
//!
//! The terrain is a quadtree of 349 525 tiles, each of the same size in bytes (Ulrich, *Rendering Massive Terrains using Chunked Level of Detail
//! Control*, 2002). A frame *needs* the tiles of its view's cut: the coarsest that look right from where the camera is. That depends on the camera
//! alone. A **miss** is a tile that a frame needs and that is not resident when the frame is drawn, counted in every frame in which it is so.
//! All policies get the same frames, the same slots and the same uploads a frame.
//!
//! Everything is computed with the four operations and square roots, so flights are the same on every host.

pub mod flight;
pub mod path;
pub mod policy;
pub mod streamed;
pub mod world;
