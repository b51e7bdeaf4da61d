//! Bundles: the components of one entity, as a value. A component is one, and so is a tuple of up to twelve, nested as deep as you like.

use crate::error::EcsError;
use crate::pages::Pages;
use crate::registry::{ComponentId, Components};
use crate::schema::Component;
use std::any::{TypeId, type_name};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Components that one bundle may have.
pub(crate) const BUNDLE_MAX: usize = 64;

/// Components to give to an entity, or to take from it.
///
/// # Safety
/// `register` appends `COUNT` ids and `write` writes one value to each of the first `COUNT` columns, in the same order.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a bundle of components",
    label = "neither a component nor a tuple of components",
    note = "write `#[component]` above the struct, or pass a tuple of components such as `(Position(p), Velocity(v))`"
)]
pub unsafe trait Bundle: Copy + Send + Sync + 'static {
    /// Components in it.
    const COUNT: usize;

    /// Appends the ids of its components, in written order.
    #[doc(hidden)]
    fn register(registry: &mut Registry<'_>) -> Result<(), EcsError>;

    /// Writes its values to a row.
    ///
    /// # Safety
    /// `columns` leads to `COUNT` addresses of columns of its components, in written order, which have room at `row` and which nobody reads.
    #[doc(hidden)]
    unsafe fn write(self, columns: *const *mut u8, row: usize);
}

/// Where bundles make their components known.
#[doc(hidden)]
pub struct Registry<'a> {
    components: &'a mut Components,
    pages: &'a Pages,
    ids: Vec<ComponentId>,
}

// SAFETY: one id, one value.
unsafe impl<T: Component> Bundle for T {
    const COUNT: usize = 1;

    fn register(registry: &mut Registry<'_>) -> Result<(), EcsError> {
        let id = registry.components.register::<T>(registry.pages)?;
        registry.ids.push(id);
        Ok(())
    }

    #[inline(always)]
    unsafe fn write(self, columns: *const *mut u8, row: usize) {
        // SAFETY: the caller's promise: a column of `T` with room at `row`.
        unsafe { (*columns).cast::<T>().add(row).write(self) };
    }
}

macro_rules! tuple {
    ($($name:ident),*) => {
        // SAFETY: the parts keep the promise, one after another.
        #[allow(non_snake_case, unused_variables, unused_assignments, unused_mut, clippy::unused_unit)]
        unsafe impl<$($name: Bundle),*> Bundle for ($($name,)*) {
            const COUNT: usize = 0 $(+ $name::COUNT)*;

            fn register(registry: &mut Registry<'_>) -> Result<(), EcsError> {
                $($name::register(registry)?;)*
                Ok(())
            }

            #[inline(always)]
            unsafe fn write(self, mut columns: *const *mut u8, row: usize) {
                let ($($name,)*) = self;
                $(
                    // SAFETY: the caller's promise covers `COUNT` columns, of which the parts before have used theirs.
                    unsafe {
                        $name.write(columns, row);
                        columns = columns.add($name::COUNT);
                    }
                )*
            }
        }
    };
}

tuple!();
tuple!(A);
tuple!(A, B);
tuple!(A, B, C);
tuple!(A, B, C, D);
tuple!(A, B, C, D, E);
tuple!(A, B, C, D, E, F);
tuple!(A, B, C, D, E, F, G);
tuple!(A, B, C, D, E, F, G, H);
tuple!(A, B, C, D, E, F, G, H, I);
tuple!(A, B, C, D, E, F, G, H, I, J);
tuple!(A, B, C, D, E, F, G, H, I, J, K);
tuple!(A, B, C, D, E, F, G, H, I, J, K, L);

/// Not looked up yet.
pub(crate) const UNKNOWN: u32 = u32::MAX;

/// What a world knows about a bundle type.
pub(crate) struct Info {
    /// Its components in written order.
    pub(crate) written: Vec<ComponentId>,
    /// The same, sorted.
    pub(crate) sorted: Vec<ComponentId>,
    /// The archetype of exactly these components, or [`UNKNOWN`].
    pub(crate) archetype: u32,
    /// The columns of `written` in it.
    pub(crate) columns: Vec<u16>,
    /// By source archetype: the archetype that an entity comes to when it gets these components.
    pub(crate) with: Vec<u32>,
    /// By source archetype: the archetype that it comes to when it loses them.
    pub(crate) without: Vec<u32>,
}

/// The bundle types that a world has met, so that a spawn finds its archetype by one look-up.
#[derive(Default)]
pub(crate) struct Bundles {
    pub(crate) infos: Vec<Info>,
    by_type: HashMap<TypeId, usize, BuildHasherDefault<TypeIdHasher>>,
    last: Option<(TypeId, usize)>,
}

impl Bundles {
    /// The place of a bundle type among `infos`.
    #[inline(always)]
    pub(crate) fn of<B: Bundle>(
        &mut self,
        components: &mut Components,
        pages: &Pages,
    ) -> Result<usize, EcsError> {
        let id = TypeId::of::<B>();
        match self.last {
            Some((last, place)) if last == id => Ok(place),
            _ => self.search::<B>(id, components, pages),
        }
    }

    #[inline(never)]
    fn search<B: Bundle>(
        &mut self,
        id: TypeId,
        components: &mut Components,
        pages: &Pages,
    ) -> Result<usize, EcsError> {
        let place = match self.by_type.get(&id) {
            Some(&place) => place,
            None => {
                let info = describe::<B>(components, pages)?;
                self.infos.push(info);
                self.by_type.insert(id, self.infos.len() - 1);
                self.infos.len() - 1
            }
        };
        self.last = Some((id, place));
        Ok(place)
    }
}

fn describe<B: Bundle>(components: &mut Components, pages: &Pages) -> Result<Info, EcsError> {
    let bad = |fault| EcsError::BadBundle {
        bundle: type_name::<B>(),
        fault,
    };
    if B::COUNT > BUNDLE_MAX {
        return Err(bad(format!(
            "it has {} components, {BUNDLE_MAX} is the most",
            B::COUNT
        )));
    }
    let mut registry = Registry {
        components,
        pages,
        ids: Vec::new(),
    };
    B::register(&mut registry)?;
    let written = registry.ids;
    let mut sorted = written.clone();
    sorted.sort_unstable();
    if let Some(twice) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(bad(format!(
            "component `{}` stands in it twice",
            components.schema(twice[0]).name
        )));
    }
    Ok(Info {
        written,
        sorted,
        archetype: UNKNOWN,
        columns: Vec::new(),
        with: Vec::new(),
        without: Vec::new(),
    })
}

/// Takes a `TypeId` as it is: its bits are a hash already. Nothing iterates over the map, so the order of its entries never shows.
#[derive(Default)]
pub(crate) struct TypeIdHasher(u64);

impl Hasher for TypeIdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..part.len()].copy_from_slice(part);
            self.0 ^= u64::from_ne_bytes(word);
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 ^= word;
    }
}
