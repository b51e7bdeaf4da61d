//! Typed arrays over bytes of the world.

use rquickjs::{ArrayBuffer, Ctx, Persistent, Result, TypedArray, Value};

/// Bytes that an array shows.
struct Bytes {
    first: *mut u8,
    bytes: usize,
}

// SAFETY: an address and a length; who reads and writes there is for those to say who show it.
unsafe impl Send for Bytes {}

// SAFETY: the bytes lie in the arena, which the cell holds, or in the cell's own room for copies; both outlive its context. Scripts run
// only in `Cell::call`, and only over views that were passed for this call, whose access the caller of `Instance::show` has; all others are detached before.
unsafe impl rquickjs::ArrayBufferSource for Bytes {
    fn as_ptr(&self) -> *mut u8 {
        self.first
    }

    fn len(&self) -> usize {
        self.bytes
    }
}

/// What is shown for an argument. It stays from call to call, as long as the argument is the same bytes.
pub(super) struct View {
    first: *mut u8,
    bytes: usize,
    write: bool,
    buffer: Persistent<ArrayBuffer<'static>>,
    arrays: Vec<Persistent<Value<'static>>>,
}

impl View {
    /// Shows bytes as arrays of these kinds.
    pub(super) fn new(
        ctx: &Ctx<'_>,
        first: *mut u8,
        bytes: usize,
        write: bool,
        kinds: &[&'static str],
    ) -> Result<View> {
        let source = Bytes { first, bytes };
        let buffer = match write {
            true => ArrayBuffer::from_source(ctx.clone(), source)?,
            false => ArrayBuffer::from_source_immutable(ctx.clone(), source)?,
        };
        let mut arrays = Vec::new();
        for kind in kinds {
            let array = array(kind, buffer.clone())?;
            arrays.push(Persistent::save(ctx, array));
        }
        Ok(View {
            first,
            bytes,
            write,
            buffer: Persistent::save(ctx, buffer),
            arrays,
        })
    }

    /// Whether it shows just this.
    pub(super) fn is(&self, first: *mut u8, bytes: usize, write: bool) -> bool {
        self.first == first && self.bytes == bytes && self.write == write
    }

    /// The arrays, for a call.
    pub(super) fn arrays<'js>(&self, ctx: &Ctx<'js>) -> Result<Vec<Value<'js>>> {
        let arrays = self.arrays.iter();
        arrays.map(|array| array.clone().restore(ctx)).collect()
    }

    /// Takes the bytes away from every array that anybody still holds.
    pub(super) fn detach(self, ctx: &Ctx<'_>) -> Result<()> {
        self.buffer.restore(ctx)?.detach();
        Ok(())
    }
}

fn array<'js>(kind: &str, buffer: ArrayBuffer<'js>) -> Result<Value<'js>> {
    Ok(match kind {
        "Float32Array" => TypedArray::<f32>::from_arraybuffer(buffer)?.into_value(),
        "Float64Array" => TypedArray::<f64>::from_arraybuffer(buffer)?.into_value(),
        "Int32Array" => TypedArray::<i32>::from_arraybuffer(buffer)?.into_value(),
        "Uint32Array" => TypedArray::<u32>::from_arraybuffer(buffer)?.into_value(),
        "BigInt64Array" => TypedArray::<i64>::from_arraybuffer(buffer)?.into_value(),
        "BigUint64Array" => TypedArray::<u64>::from_arraybuffer(buffer)?.into_value(),
        _ => TypedArray::<u8>::from_arraybuffer(buffer)?.into_value(),
    })
}
