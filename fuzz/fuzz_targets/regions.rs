//! Any order of taking and giving back pages: nobody's pages overlap, fresh pages read as zero, and the map adds up.
#![no_main]

use arbitrary::Arbitrary;
use layerw_memory::{Arena, MemoryConfig, Owner, PAGE, PageRun};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
enum Move {
    Owner { pages: u8 },
    Take { owner: u8, pages: u8 },
    Claim { owner: u8, first: u8, pages: u8 },
    Give { run: u8 },
    Retire { owner: u8 },
}

const PAGES: usize = 64;

fuzz_target!(|moves: Vec<Move>| {
    let total = (PAGES * PAGE) as u64;
    let config = MemoryConfig {
        logic: total,
        scene: 0,
        gpu: 0,
        ..MemoryConfig::with_total(total)
    };
    let arena = Arena::new(&config).expect("four MiB");
    let pool = arena.logic();
    let (mut owners, mut runs): (Vec<Owner>, Vec<(Owner, PageRun)>) = Default::default();
    let mut names = 0;
    for step in moves {
        match step {
            Move::Owner { pages } => {
                names += 1;
                let budget = u64::from(pages) * PAGE as u64;
                owners.extend(pool.owner(&format!("owner {names}"), budget));
            }
            Move::Take { owner, pages } if !owners.is_empty() => {
                let owner = owners[owner as usize % owners.len()];
                if let Ok(run) = pool.reserve(owner, pages.into()) {
                    runs.push((owner, run));
                }
            }
            Move::Claim {
                owner,
                first,
                pages,
            } if !owners.is_empty() => {
                let owner = owners[owner as usize % owners.len()];
                let run = PageRun {
                    first: first.into(),
                    pages: pages.into(),
                };
                if pool.claim(owner, run).is_ok() {
                    runs.push((owner, run));
                }
            }
            Move::Give { run } if !runs.is_empty() => {
                let (owner, run) = runs.swap_remove(run as usize % runs.len());
                pool.release(owner, run);
            }
            Move::Retire { owner } if !owners.is_empty() => {
                let at = owner as usize % owners.len();
                if runs.iter().all(|(holder, _)| *holder != owners[at]) {
                    pool.retire(owners.swap_remove(at));
                }
            }
            _ => {}
        }
        let mut taken = [false; PAGES];
        for (_, run) in &runs {
            for page in run.first..run.first + run.pages {
                let before = std::mem::replace(&mut taken[page as usize], true);
                assert!(!before, "page {page} is held twice");
            }
        }
        let used = taken.iter().filter(|taken| **taken).count() * PAGE;
        assert_eq!(pool.stats().used, used as u64);
    }
});
