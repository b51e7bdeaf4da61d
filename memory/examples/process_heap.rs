//! A program whose every allocation is ours, on any host: collections, text and large blocks, and what that took. In WebAssembly the pages
//! come from `memory.grow`, and std's own allocator is not linked.

use std::collections::BTreeMap;

use layerw_memory::alloc::GlobalHeap;

#[global_allocator]
static HEAP: GlobalHeap = GlobalHeap::new();

fn main() {
    let mut numbers = BTreeMap::new();
    for number in 0..20_000_u32 {
        let name = number.wrapping_mul(0x9E37_79B9).to_string();
        numbers.insert(name, vec![number; number as usize % 50]);
    }
    numbers.retain(|name, _| name.len() % 2 == 0);
    let mut large: Vec<u64> = Vec::new();
    for number in 0..500_000 {
        large.push(number);
    }
    let sum: u64 = numbers
        .values()
        .flatten()
        .map(|&number| number as u64)
        .sum();
    assert_eq!(large.iter().sum::<u64>(), 499_999 * 250_000);
    println!("{} names, sum {sum}", numbers.len());
    let usage = HEAP.usage();
    println!("{usage}");
    assert!(usage.hit_rate() > 0.9 && usage.used > 4_000_000);
    // Over the budget there is an error and no abort.
    HEAP.set_budget(usage.used + (1 << 20));
    assert!(large.try_reserve(1 << 22).is_err());
}
