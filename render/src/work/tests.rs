//! On whatever adapter there is; the suite `gpu` brings one.

use super::*;
use crate::device::Choice;
use crate::shader::{Class, Kernel, Source};

const CONTEXT: Context = Context { dt: 0.5, step: 7 };

fn gpu(at_most: Option<Limits>) -> Gpu {
    let wanted = Wanted {
        choice: Choice::Require,
        at_most,
    };
    Gpu::open(&wanted).unwrap_or_else(|none| panic!("{none}"))
}

fn pass(gpu: &mut Gpu, text: &str) -> Pass {
    let kernel = Kernel::new(&Source::new("a.wgsl", text), Class::Exact, gpu.workgroup());
    let kernel = kernel.unwrap_or_else(|error| panic!("{error}"));
    gpu.pass(&kernel, 0)
        .unwrap_or_else(|error| panic!("{error}"))
}

const COUNT: &str = "
struct Number { n: u32 }
struct Wide { a: u32, b: u32, c: u32 }
var<storage, read> wides: array<Wide>;
var<storage, read_write> numbers: array<Number>;
fn row(row: u32) { numbers[row].n += wides[row].c * 3u + cx.step + cx.first + row; }";

fn words(bytes: &[u8]) -> Vec<u32> {
    bytes
        .chunks_exact(4)
        .map(|word| u32::from_le_bytes(word.try_into().expect("4 bytes")))
        .collect()
}

fn bytes(words: impl Iterator<Item = u32>) -> Vec<u8> {
    words.flat_map(u32::to_le_bytes).collect()
}

/// Runs the kernel twice over so many rows and checks every one.
fn count(gpu: &mut Gpu, rows: u32) {
    let mut pass = pass(gpu, COUNT);
    let mut wides = Array::new(12, gpu.limits()).expect("small rows");
    let mut numbers = Array::new(4, gpu.limits()).expect("small rows");
    assert!(gpu.reserve(&mut wides, rows) && gpu.reserve(&mut numbers, rows));
    gpu.upload(&wides, 0, &bytes((0..3 * rows).map(|word| word / 3)));
    gpu.upload(&numbers, 0, &bytes((0..rows).map(|row| row ^ 5)));
    for _ in 0..2 {
        gpu.dispatch(
            &mut pass,
            &[Bound::Own(&wides), Bound::Own(&numbers)],
            rows,
            CONTEXT,
        );
    }
    let mut reading = gpu.read(4 * u64::from(rows));
    gpu.read_rows(&mut reading, &numbers, 0, rows);
    gpu.send(&mut reading);
    let found = gpu
        .wait(reading, words)
        .unwrap_or_else(|lost| panic!("{lost}"));
    assert_eq!(found.len(), rows as usize);
    for (row, &found) in (0..rows).zip(&found) {
        let wanted = (row ^ 5) + 2 * (row * 3 + 7 + row);
        assert_eq!(found, wanted, "row {row} of {rows}");
    }
    gpu.check().unwrap_or_else(|lost| panic!("{lost}"));
}

#[test]
fn rows_come_back_as_the_kernel_leaves_them() {
    let mut gpu = gpu(None);
    for rows in [1, 63, 64, 65, 10_000] {
        count(&mut gpu, rows);
    }
}

/// Bindings of 64 KiB, 3 groups in a direction: some hundred rows at a time, in many parts. The device itself holds us to both.
#[test]
fn work_is_split_over_limits() {
    let most = gpu(None).limits();
    let mut gpu = gpu(Some(Limits {
        binding_bytes: 64 << 10,
        groups: 3,
        ..most
    }));
    count(&mut gpu, 20_000);
    assert!(gpu.figures().dispatches > 70, "{:?}", gpu.figures());
}

/// More groups than a direction holds.
#[test]
fn rows_beyond_65535_groups() {
    let mut gpu = gpu(None);
    let rows = 65_535 * gpu.workgroup() + 1000;
    let before = gpu.figures().dispatches;
    count(&mut gpu, rows);
    assert_eq!(gpu.figures().dispatches - before, 2, "a dispatch each");
}

/// Frames that are alike make no buffers and no bind groups.
#[test]
fn steady_frames_make_nothing() {
    let mut gpu = gpu(None);
    let mut pass = pass(&mut gpu, COUNT);
    let [mut wides, mut numbers] =
        [12, 4].map(|stride| Array::new(stride, gpu.limits()).expect("small rows"));
    gpu.reserve(&mut wides, 1000);
    gpu.reserve(&mut numbers, 1000);
    let data = bytes(0..3000);
    let mut warm = Figures::default();
    for frame in 0..40 {
        if frame == 10 {
            warm = gpu.figures();
        }
        gpu.upload(&wides, 0, &data);
        gpu.dispatch(
            &mut pass,
            &[Bound::Own(&wides), Bound::Own(&numbers)],
            1000,
            CONTEXT,
        );
        let mut reading = gpu.read(4000);
        gpu.read_rows(&mut reading, &numbers, 0, 1000);
        gpu.send(&mut reading);
        gpu.wait(reading, |_| ()).expect("there");
    }
    let end = gpu.figures();
    assert_eq!(
        (end.buffers_created, end.groups_created),
        (warm.buffers_created, warm.groups_created)
    );
    assert_eq!(end.submissions - warm.submissions, 30);
    assert_eq!(
        (end.uploaded - warm.uploaded, end.read - warm.read),
        (30 * 12_000, 30 * 4000)
    );
    if let Some((ns, runs)) = gpu.timed(&pass) {
        assert!(runs >= 39 && ns > 0, "{ns} ns in {runs} runs");
    }
}

/// Frames that only upload do not pile staging memory up.
#[test]
fn staging_memory_is_used_again_without_reading() {
    let mut gpu = gpu(None);
    let mut numbers = Array::new(4, gpu.limits()).expect("small rows");
    gpu.reserve(&mut numbers, 100_000);
    let data = bytes(0..100_000);
    for _ in 0..200 {
        gpu.upload(&numbers, 0, &data);
        gpu.submit();
    }
    assert!(gpu.figures().buffers_created < 20, "{:?}", gpu.figures());
}

#[test]
fn a_lost_device_is_an_answer() {
    let mut gpu = gpu(None);
    let mut pass = pass(&mut gpu, COUNT);
    let [mut wides, mut numbers] =
        [12, 4].map(|stride| Array::new(stride, gpu.limits()).expect("small rows"));
    gpu.reserve(&mut wides, 100);
    gpu.reserve(&mut numbers, 100);
    gpu.upload(&wides, 0, &bytes(0..300));
    gpu.lose();
    gpu.dispatch(
        &mut pass,
        &[Bound::Own(&wides), Bound::Own(&numbers)],
        100,
        CONTEXT,
    );
    let mut reading = gpu.read(400);
    gpu.read_rows(&mut reading, &numbers, 0, 100);
    gpu.send(&mut reading);
    let lost = gpu.wait(reading, |_| ()).expect_err("it is lost");
    assert!(lost.to_string().starts_with("the GPU `"), "{lost}");
    assert!(gpu.check().is_err());
}
