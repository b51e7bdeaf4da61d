//! `usize` differs between hosts, also behind an alias.

use layerw_ecs::component;

type Count = usize;

#[component]
struct Direct(usize);

#[component]
struct Aliased(Count);

fn main() {}
