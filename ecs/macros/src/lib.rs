//! The attribute `#[component]`: makes a struct plain data that can live in a world, or says what stands in the way and how to cure it.
//!
//! ```text
//! #[component]                      struct Position(Vec3);
//! #[component(name = "game.Mass")]  struct Mass { kilograms: f64 }
//! #[component(unhashed)]            struct Glow(f32);      // for the eye only: not in the state hash
//! ```
//!
//! It adds `#[repr(C)]`, `Clone` and `Copy`, implements `Value` and `Component`, and asserts at compile time that the struct has no padding.
//! Two attributes stand here, alike but for the path under which the user's crate finds the ECS: `layerw-ecs` exports the first as
//! `component`, `layerw` exports the second under the same name.

mod expand;
mod options;
mod refuse;

use options::Options;
use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input, parse_quote};

/// Makes a struct a component, for crates that depend on `layerw-ecs`.
#[proc_macro_attribute]
pub fn component(options: TokenStream, item: TokenStream) -> TokenStream {
    let options = parse_macro_input!(options as Options);
    let item = parse_macro_input!(item as DeriveInput);
    expand::expand(&options, item, &parse_quote!(::layerw_ecs)).into()
}

/// Makes a struct a component, for crates that depend on `layerw`, which exports it as `component`.
#[proc_macro_attribute]
pub fn component_of_layerw(options: TokenStream, item: TokenStream) -> TokenStream {
    let options = parse_macro_input!(options as Options);
    let item = parse_macro_input!(item as DeriveInput);
    expand::expand(&options, item, &parse_quote!(::layerw::ecs)).into()
}
