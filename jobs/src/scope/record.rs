//! A named job in 64 bytes, one cache line: what runs, its label, and the closure itself.
//!
//! ```text
//! bytes  0.. 8  the function that knows the closure's type
//! bytes  8..12  label
//! bytes 12..16  number: how many jobs its spawner had spawned before, for telling panics apart
//! bytes 16..64  the closure, or the address of the cell that holds it
//! ```
//!
//! A closure of up to six words lies in the record. A larger one lies in a cell of 1 KiB from a fixed number of cells;
//! when these are all in use the job runs at once instead of being queued. One that does not fit into a cell does not
//! compile: it should capture a reference.

use std::mem::{MaybeUninit, align_of, size_of};

use layerw_trace::Label;

use crate::sync::{ArrayQueue, UnsafeCell, sized};

/// A job that waits to be run, moved about by copying its bytes.
#[repr(C, align(64))]
pub(crate) struct Record {
    run: unsafe fn(*mut Inline, &Cells),
    label: Label,
    number: u32,
    inline: Inline,
}

/// Room for a closure in the record.
type Inline = MaybeUninit<[u64; 6]>;

const _: () = assert!(size_of::<Record>() == 64, "a record is one cache line");

// SAFETY: records are only made of closures that are `Send`.
unsafe impl Send for Record {}

/// Largest closure of a job, in bytes.
const CELL_BYTES: usize = 1024;
const CELL_ALIGN: usize = 64;
/// How many large closures a pool can hold at a time: 256 KiB of them.
const CELLS: usize = sized(256, 1);

impl Record {
    /// Puts a job together. Gives the closure back if it is large and no cell is free.
    ///
    /// The record must be run exactly once, while what the closure borrows is alive; it is not dropped otherwise.
    #[inline]
    pub(super) fn new<F: FnOnce() + Send>(
        label: Label,
        number: u32,
        closure: F,
        cells: &Cells,
    ) -> Result<Record, F> {
        const {
            assert!(
                size_of::<F>() <= CELL_BYTES && align_of::<F>() <= CELL_ALIGN,
                "the closure of a job captures more than 1024 bytes (or an alignment over 64): capture a reference \
                 instead"
            );
        }
        let mut record = Record {
            run: run_inline::<F>,
            label,
            number,
            inline: Inline::uninit(),
        };
        if const { fits_inline::<F>() } {
            // SAFETY: size and alignment fit, as just checked.
            unsafe { record.inline.as_mut_ptr().cast::<F>().write(closure) };
        } else {
            let Some(index) = cells.free.pop() else {
                return Err(closure);
            };
            cells.cells[index as usize]
                // SAFETY: the cell is ours, its index was popped; size and alignment fit, as asserted above.
                .with_mut(|cell| unsafe { cell.cast::<F>().write(closure) });
            record.run = run_from_cell::<F>;
            record.inline.write([u64::from(index), 0, 0, 0, 0, 0]);
        }
        Ok(record)
    }

    pub(super) fn label(&self) -> Label {
        self.label
    }

    pub(super) fn number(&self) -> u32 {
        self.number
    }

    /// What tells closures apart when costs are looked up.
    pub(super) fn code(&self) -> usize {
        self.run as usize
    }

    /// Runs the job. The record's bytes may be overwritten as soon as its closure runs.
    ///
    /// # Safety
    ///
    /// `this` holds a record that has not been run, nor will be, here or where it was copied from.
    #[inline]
    pub(super) unsafe fn run(this: *mut Record, cells: &Cells) {
        // SAFETY: the caller's promise.
        unsafe { ((*this).run)(&raw mut (*this).inline, cells) }
    }
}

const fn fits_inline<F>() -> bool {
    size_of::<F>() <= size_of::<Inline>() && align_of::<F>() <= align_of::<Inline>()
}

/// # Safety
///
/// `inline` holds an `F`, which nobody else reads.
unsafe fn run_inline<F: FnOnce()>(inline: *mut Inline, _: &Cells) {
    // SAFETY: the caller's promise. The closure moves to this stack before it is called, so its record is free.
    let closure = unsafe { inline.cast::<F>().read() };
    closure();
}

/// # Safety
///
/// `inline` holds the index of a cell that holds an `F`, which nobody else reads.
unsafe fn run_from_cell<F: FnOnce()>(inline: *mut Inline, cells: &Cells) {
    // SAFETY: the caller's promise.
    let index = unsafe { inline.cast::<u64>().read() };
    // SAFETY: the caller's promise.
    let closure = cells.cells[index as usize].with(|cell| unsafe { cell.cast::<F>().read() });
    let given_back = cells.free.push(index as u32);
    debug_assert!(given_back.is_ok(), "there is room for every cell");
    closure();
}

/// The cells for large closures of a pool.
pub(crate) struct Cells {
    free: ArrayQueue<u32>,
    cells: Box<[UnsafeCell<Cell>]>,
}

#[repr(align(64))]
struct Cell(#[allow(dead_code, reason = "only its address is used")] MaybeUninit<[u8; CELL_BYTES]>);

const _: () = assert!(align_of::<Cell>() == CELL_ALIGN);

// SAFETY: a cell is used by who has popped its index, and by whom that one hands it to with the record.
unsafe impl Sync for Cells {}
// SAFETY: what is in the cells is `Send`.
unsafe impl Send for Cells {}

impl Cells {
    pub(crate) fn new() -> Cells {
        let free = ArrayQueue::new(CELLS);
        (0..CELLS as u32).for_each(|index| _ = free.push(index));
        let cells = (0..CELLS).map(|_| UnsafeCell::new(Cell(MaybeUninit::uninit())));
        Cells {
            free,
            cells: cells.collect(),
        }
    }
}

#[cfg(all(test, not(feature = "loom")))]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    /// Makes a record of `closure` and runs a copy of it, as a thief does.
    fn through<F: FnOnce() + Send>(cells: &Cells, closure: F) -> bool {
        match Record::new(Label::default(), 3, closure, cells) {
            Ok(record) => {
                assert_eq!((record.label(), record.number()), (Label::default(), 3));
                let mut copy = MaybeUninit::<Record>::uninit();
                // SAFETY: both are records; the first is forgotten, the copy run once.
                unsafe {
                    copy.as_mut_ptr().copy_from_nonoverlapping(&record, 1);
                    Record::run(copy.as_mut_ptr(), cells);
                }
                true
            }
            Err(_) => false,
        }
    }

    #[test]
    fn closures_of_all_sizes_run_once() {
        let cells = Cells::new();
        let sum = AtomicUsize::new(0);
        assert!(through(&cells, || _ = sum.fetch_add(1, Relaxed)));
        let six = [1_usize; 5];
        assert!(through(&cells, move || _ = six[0] + 1));
        let (sum_ref, many) = (&sum, [10_usize; 100]);
        for _ in 0..2 * CELLS {
            assert!(through(&cells, move || _ = sum_ref.fetch_add(many[99], Relaxed)));
        }
        assert_eq!(sum.into_inner(), 1 + 10 * 2 * CELLS);
    }

    #[test]
    fn without_a_free_cell_the_closure_comes_back() {
        let cells = Cells::new();
        while cells.free.pop().is_some() {}
        let many = [0_u64; 100];
        assert!(!through(&cells, move || assert_eq!(many[0], 0)));
        assert!(through(&cells, || ()), "small ones need none");
    }
}
