//! An owner is the permission to recycle pages: only a pool makes one.

use layerw_memory::{Owner, Tier};

fn main() {
    let _ = Owner { tier: Tier::Logic, index: 0, stamp: 1 };
}
