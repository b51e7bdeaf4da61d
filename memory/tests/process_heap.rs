//! A program whose every allocation is ours: std's collections, threads that come and go, and a budget. Alone in its binary, because the
//! heap belongs to the process.
#![cfg(not(feature = "loom"))]

use std::collections::{BTreeMap, HashMap};
use std::sync::mpsc::channel;
use std::thread;

use layerw_memory::alloc::GlobalHeap;
use layerw_memory::counting::{self, Counting};

#[global_allocator]
static HEAP: Counting<GlobalHeap> = Counting(GlobalHeap::new());

/// A value that is dropped after the thread's cache is gone: destructors of thread locals run in no order that one can rely on.
struct Late(Vec<String>);

impl Drop for Late {
    fn drop(&mut self) {
        self.0
            .push("allocated and freed while the thread ends".repeat(3));
        assert_eq!(self.0.len(), 101);
    }
}

thread_local! {
    static LATE: std::cell::RefCell<Option<Late>> = const { std::cell::RefCell::new(None) };
}

#[test]
fn a_program_runs_on_it() {
    let heap = HEAP.0;
    let before = counting::snapshot();
    // Collections of all shapes, checked against each other.
    let mut by_name = HashMap::new();
    let mut by_number = BTreeMap::new();
    for number in 0..50_000_u64 {
        let name = format!("{number:x}");
        by_number.insert(number.wrapping_mul(0x9E37_79B9_7F4A_7C15), name.clone());
        by_name.insert(name, number);
    }
    for (number, name) in &by_number {
        assert_eq!(by_name[name].wrapping_mul(0x9E37_79B9_7F4A_7C15), *number);
    }
    by_number.retain(|number, _| number % 3 == 0);
    assert!(by_number.len() > 10_000);

    // Threads that come and go, with what they made freed by others, and with destructors that allocate.
    for _ in 0..20 {
        let (sender, receiver) = channel::<Vec<String>>();
        let makers: Vec<_> = (0..4)
            .map(|maker| {
                let sender = sender.clone();
                thread::spawn(move || {
                    LATE.set(Some(Late(vec![String::from("late"); 100])));
                    for batch in 0..20 {
                        let strings = (0..100).map(|n| format!("{maker} {batch} {n}")).collect();
                        sender.send(strings).unwrap();
                    }
                })
            })
            .collect();
        drop(sender);
        let strings: Vec<String> = receiver.iter().flatten().collect();
        assert_eq!(strings.len(), 8_000);
        assert!(strings.iter().all(|text| text.split(' ').count() == 3));
        makers.into_iter().for_each(|maker| maker.join().unwrap());
    }
    let usage = heap.usage();
    println!("{usage}");
    assert!(usage.hit_rate() > 0.95, "{usage}");
    assert!(usage.remote_frees > 10_000, "{usage}");
    let counted = counting::snapshot() - before;
    assert!(counted.allocations > 250_000, "{counted:?}");

    // Over the budget there is an error, and after that everything goes on.
    drop((by_name, by_number));
    heap.trim();
    let used = heap.usage().used;
    assert!(used < usage.used / 2, "{usage}, then {used}");
    heap.set_budget(used + (8 << 20));
    let mut large = Vec::<u64>::new();
    assert!(large.try_reserve(2 << 20).is_err());
    assert!(heap.refusals() > 0);
    large.try_reserve(1 << 18).unwrap();
    large.extend(0..1 << 18);
    assert_eq!(large.iter().sum::<u64>(), (1 << 17) * ((1 << 18) - 1));
    heap.set_budget(u64::MAX);
    large.reserve(4 << 20);
    assert_eq!(large[1_000], 1_000);
}
