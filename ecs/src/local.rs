//! What a simulation keeps beside the world: any `Send + Sync` value, one per type. Not hashed, not in the image, rebuilt after a restore.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::ptr::NonNull;

/// Values by type, each at an address that stays while it is there.
#[derive(Default)]
pub(crate) struct Locals {
    values: BTreeMap<TypeId, Local>,
}

/// A boxed value, owned through its address and not through a `Box`, because systems hold pointers to it while this map is shared.
struct Local {
    value: NonNull<u8>,
    drop: unsafe fn(NonNull<u8>),
}

// SAFETY: every value is `Send` and `Sync` by the bound on `insert`; the pointer is its only owner.
unsafe impl Send for Local {}
// SAFETY: as above.
unsafe impl Sync for Local {}

impl Drop for Local {
    fn drop(&mut self) {
        // SAFETY: `drop` is the function for the type that `value` was made from, called once.
        unsafe { (self.drop)(self.value) };
    }
}

/// # Safety
/// `value` came from `Box::<T>::leak` and is not used afterwards.
unsafe fn drop_box<T>(value: NonNull<u8>) {
    // SAFETY: the caller's promise.
    drop(unsafe { Box::from_raw(value.cast::<T>().as_ptr()) });
}

impl Locals {
    pub(crate) fn insert<T: Send + Sync + 'static>(&mut self, value: T) -> Option<T> {
        let old = self.remove::<T>();
        let value = NonNull::from(Box::leak(Box::new(value))).cast();
        self.values.insert(
            TypeId::of::<T>(),
            Local {
                value,
                drop: drop_box::<T>,
            },
        );
        old
    }

    pub(crate) fn remove<T: Send + Sync + 'static>(&mut self) -> Option<T> {
        let local = std::mem::ManuallyDrop::new(self.values.remove(&TypeId::of::<T>())?);
        // SAFETY: the value of this key is a leaked box of `T`, and its `drop` will not run.
        Some(*unsafe { Box::from_raw(local.value.cast::<T>().as_ptr()) })
    }

    pub(crate) fn get(&self, id: TypeId) -> Option<NonNull<u8>> {
        self.values.get(&id).map(|local| local.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn values_are_dropped_once() {
        let count = Arc::new(());
        let mut locals = Locals::default();
        locals.insert(count.clone());
        assert!(
            locals.insert(count.clone()).is_some(),
            "the one before comes back"
        );
        assert_eq!(Arc::strong_count(&count), 2);
        assert!(locals.get(TypeId::of::<Arc<()>>()).is_some());
        locals.insert(7_u8);
        assert_eq!(locals.remove::<u8>(), Some(7));
        drop(locals);
        assert_eq!(Arc::strong_count(&count), 1);
    }
}
