//! What more than 4 GiB would cost natively: `cargo run --release -p layerw-memory --features measure --example beyond_4gb`. The figures
//! stand in docs/beyond-4gb.md. Linux.
//!
//! Prints `case,peer,threads,value,unit`, medians of rounds that are interleaved.

use std::hint::black_box;
use std::ops::Add;
use std::ptr;
use std::time::Instant;

use layerw_memory::{Arena, MemoryConfig, PAGE};
use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
use rustix::mm::{MapFlags, ProtFlags, mmap, mmap_anonymous, munmap};

const ROUNDS: usize = 15;
const ROWS: usize = 4_096;
const CHUNKS: usize = 256;

fn main() {
    offsets();
    arenas();
    windows();
}

/// (a) The world's path from an entity to a value, with records as they are and with offsets of 64 bits.
fn offsets() {
    let bytes = CHUNKS * ROWS * size_of::<f32>();
    let mut values = vec![0.0_f32; bytes / size_of::<f32>()];
    for (index, value) in values.iter_mut().enumerate() {
        *value = (index % 1_000) as f32;
    }
    let narrow: Vec<Narrow> = (0..CHUNKS)
        .map(|chunk| Narrow {
            offset: (chunk * ROWS * size_of::<f32>()) as u32,
            slab: 0,
            changed: 0,
        })
        .collect();
    let wide: Vec<Wide> = narrow
        .iter()
        .map(|column| Wide {
            offset: u64::from(column.offset),
            slab: column.slab,
            changed: column.changed,
        })
        .collect();
    // A permutation of all rows: an odd step goes through every index of a power of two.
    let count = CHUNKS * ROWS;
    let location = |index: usize| (index * 0x9E37_79B1 % count) as u32;
    let slots: Vec<Slot> = (0..count)
        .map(|index| Slot {
            generation: 1,
            location: location(index),
        })
        .collect();
    let mut times: [Vec<f64>; 4] = Default::default();
    for _ in 0..ROUNDS {
        let mut sums = [0.0; 4];
        let base = values.as_ptr().cast::<u8>();
        let per = |nanoseconds: f64| nanoseconds / count as f64;
        times[0].push(per(timed(|| sums[0] = get(&slots, &narrow, base))));
        times[1].push(per(timed(|| sums[1] = get(&slots, &wide, base))));
        times[2].push(per(timed(|| sums[2] = iterate(&narrow, base))));
        times[3].push(per(timed(|| sums[3] = iterate(&wide, base))));
        assert!(sums[0] == sums[1] && sums[2] == sums[3], "{sums:?}");
        assert!(sums[0] > 0.0 && sums[2] > 0.0);
    }
    let cases = [
        ("B4-get", "u32"),
        ("B4-get", "u64"),
        ("B4-iterate", "u32"),
        ("B4-iterate", "u64"),
    ];
    for ((case, peer), times) in cases.into_iter().zip(times) {
        print(case, peer, median(times), "ns/row");
    }
    print("B4-column-record", "u32", size_of::<Narrow>() as f64, "B");
    print("B4-column-record", "u64", size_of::<Wide>() as f64, "B");
}

/// As in the world: generation, and chunk and row in one word. It names rows and not bytes, so it stays as it is.
#[derive(Clone, Copy)]
struct Slot {
    generation: u32,
    location: u32,
}

/// A column record as it is.
#[derive(Clone, Copy)]
#[repr(C)]
struct Narrow {
    offset: u32,
    slab: u32,
    changed: u64,
}

/// A column record with an offset of 64 bits.
#[derive(Clone, Copy)]
#[repr(C)]
struct Wide {
    offset: u64,
    changed: u64,
    slab: u32,
}

trait Column: Copy {
    fn offset(self) -> usize;
}

impl Column for Narrow {
    fn offset(self) -> usize {
        self.offset as usize + (self.changed as usize & self.slab as usize)
    }
}

impl Column for Wide {
    fn offset(self) -> usize {
        self.offset as usize + (self.changed as usize & self.slab as usize)
    }
}

/// Every entity's value, found through slot and column record.
fn get<C: Column>(slots: &[Slot], columns: &[C], base: *const u8) -> f32 {
    let value = |slot: &Slot| {
        let (chunk, row) = (slot.location as usize / ROWS, slot.location as usize % ROWS);
        assert_eq!(slot.generation, 1);
        // SAFETY: columns lie one behind the other in the values, and the row is below their length.
        unsafe {
            base.add(columns[chunk].offset())
                .cast::<f32>()
                .add(row)
                .read()
        }
    };
    black_box(slots).iter().map(value).fold(0.0, Add::add)
}

/// Every row, chunk by chunk: one address a chunk.
fn iterate<C: Column>(columns: &[C], base: *const u8) -> f32 {
    let sum = |column: &C| {
        // SAFETY: as in `get`.
        let rows = unsafe { std::slice::from_raw_parts(base.add(column.offset()).cast(), ROWS) };
        // Eight sums, so that the loop is bound by memory and not by the additions.
        let mut sums = [0.0_f32; 8];
        for eight in rows.chunks_exact(8) {
            for (sum, value) in sums.iter_mut().zip(eight) {
                *sum += value;
            }
        }
        sums.into_iter().fold(0.0, Add::add)
    };
    black_box(columns).iter().map(sum).fold(0.0, Add::add)
}

/// (b) Several arenas: what one more costs.
fn arenas() {
    for count in [1, 8] {
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            let mut arenas = Vec::new();
            times.push(timed(|| {
                arenas.extend((0..count).map(|_| Arena::new(&MemoryConfig::default())));
            }));
            let total = |arena: &Arena| arena.layout().bytes();
            let bytes: u64 = arenas.iter().flatten().map(total).sum();
            assert_eq!(bytes, count << 32, "every one of them is there");
        }
        let each = median(times) / 1e3 / count as f64;
        print(&format!("B4-arenas-{count}"), "layerw", each, "us/arena");
    }
}

/// (c) A window over a larger file: what moving it costs, and touching it then.
fn windows() {
    const FILE: u64 = 8 << 30;
    let file = memfd_create("layerw-window", MemfdFlags::CLOEXEC).expect("a memfd");
    ftruncate(&file, FILE).expect("8 GiB of holes");
    for (name, bytes) in [("2MiB", 2 << 20), ("64MiB", 64 << 20), ("1GiB", 1 << 30)] {
        let touched = (bytes / PAGE).min(1_024);
        let prot = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a null hint replaces nothing.
        let window = unsafe {
            mmap_anonymous(
                ptr::null_mut(),
                bytes,
                ProtFlags::empty(),
                MapFlags::PRIVATE,
            )
            .expect("address space")
        };
        let (mut moves, mut touches) = (Vec::new(), Vec::new());
        for round in 0..2 * ROUNDS {
            // Two places in turn, one below and one above 4 GiB.
            let place = if round % 2 == 0 { 0 } else { 5 << 30 };
            let flags = MapFlags::SHARED | MapFlags::FIXED;
            moves.push(timed(|| {
                // SAFETY: replaces the window, which nothing refers to.
                unsafe { mmap(window, bytes, prot, flags, &file, place) }.expect("a mapping");
            }));
            touches.push(timed(|| {
                for page in 0..touched {
                    // SAFETY: within the window, which is mapped and used by nobody else.
                    let seen = unsafe {
                        let word = window.byte_add(page * PAGE).cast::<u64>();
                        word.write_volatile(word.read_volatile() | (place + 1));
                        word.read_volatile()
                    };
                    assert_eq!(seen, place + 1, "the other place shows through");
                }
            }));
        }
        // The first two rounds commit the memory, which no switch does again.
        let (moves, touches) = (moves.split_off(2), touches.split_off(2));
        print(
            &format!("B4-window-move-{name}"),
            "mmap",
            median(moves) / 1e3,
            "us",
        );
        let each = median(touches) / touched as f64;
        print(
            &format!("B4-window-touch-{name}"),
            "mmap",
            each,
            "ns/page touched",
        );
        // SAFETY: the window, unmapped once.
        unsafe { munmap(window, bytes) }.expect("it is mapped");
    }
}

fn timed(f: impl FnOnce()) -> f64 {
    let begin = Instant::now();
    f();
    begin.elapsed().as_nanos() as f64
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn print(case: &str, peer: &str, value: f64, unit: &str) {
    println!("{case},{peer},1,{value:.3},{unit}");
}
