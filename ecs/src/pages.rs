//! The world's pages: the Logic pool with the address of offset 0.

use layerw_memory::{Arena, Pool};

/// The pool that the world lives in. Everything inside is found by its offset from the pool's base, which fits in a u32.
#[derive(Clone)]
pub(crate) struct Pages {
    arena: Arena,
    base: *mut u8,
}

impl Pages {
    pub(crate) fn new(arena: &Arena) -> Self {
        Pages {
            arena: arena.clone(),
            base: arena.logic().base().as_ptr(),
        }
    }

    pub(crate) fn arena(&self) -> &Arena {
        &self.arena
    }

    pub(crate) fn pool(&self) -> &Pool {
        self.arena.logic()
    }

    pub(crate) fn base(&self) -> *mut u8 {
        self.base
    }

    /// The address of an offset.
    #[inline(always)]
    pub(crate) fn at(&self, offset: u32) -> *mut u8 {
        self.base.wrapping_add(offset as usize)
    }
}
