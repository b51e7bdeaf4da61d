//! Processes that touch what they must not: each is started by a test, dies of it, and says what it did.

use std::process::{Command, Output};
use std::ptr::NonNull;

use layerw_memory::protect::{FAULT_STATUS, while_running};
use layerw_memory::{Arena, Backing, MemoryConfig, PAGE, Protection, Regions, Scratch, Tier};

/// Names the program that a child runs.
const PROGRAM: &str = "LAYERW_TEST_PROGRAM";

/// Set for a child without protection.
const BARE: &str = "LAYERW_TEST_BARE";

/// What a program prints when nothing stopped it.
const SURVIVED: &str = "survived";

/// Something that strays in an arena.
type Program = fn(&Arena);

const PROGRAMS: [(&str, Program); 7] = [
    ("vented scratch", vented_scratch),
    ("scratch edge", scratch_edge),
    ("region before", region_before),
    ("region behind", region_behind),
    ("vented region", vented_region),
    ("sealed region", sealed_region),
    ("landed region", landed_region),
];

fn small() -> MemoryConfig {
    MemoryConfig::with_total(256 * PAGE as u64)
}

/// Does nothing unless a test started it as a child.
#[test]
fn child() {
    let Ok(name) = std::env::var(PROGRAM) else {
        return;
    };
    let arena = Arena::new(&small()).expect("a small arena");
    if std::env::var_os(BARE).is_none() {
        let mode = arena.protect(Protection::Pages).expect("protection");
        assert_eq!(mode, Protection::Pages, "this host's pages have rights");
    }
    arena.begin_frame(12);
    while_running(1, "stray", || match name.split_once(' ') {
        Some(("pool", rest)) => beside_a_pool(&arena, rest),
        _ => {
            let known = PROGRAMS.iter().find(|(known, _)| *known == name);
            known.expect("a program of the list").1(&arena);
        }
    });
    println!("{SURVIVED}");
}

fn touch(place: NonNull<u8>) {
    // SAFETY: none: this is the access that protection is to stop. Without it the bytes are the arena's, which is alive, and nobody uses them.
    unsafe { place.write_volatile(1) };
}

fn look(place: NonNull<u8>) {
    // SAFETY: as in `touch`.
    std::hint::black_box(unsafe { place.read_volatile() });
}

fn vented_scratch(arena: &Arena) {
    let mut scratch = Scratch::new(arena, 3, 1 << 20).expect("a fresh name");
    let stale = NonNull::from(scratch.alloc_slice_with(100, |i| i as u8)).cast::<u8>();
    look(stale);
    scratch.vent();
    look(stale);
}

fn scratch_edge(arena: &Arena) {
    let scratch = Scratch::new(arena, 0, 1 << 20).expect("a fresh name");
    let first = NonNull::from(scratch.alloc(1_u8));
    touch(first);
    // SAFETY: the block has 4 pages; what is behind it is the arena's too.
    touch(unsafe { first.add(4 * PAGE) });
}

/// The first of two regions, and where its pages start.
fn staging(arena: &Arena) -> (Regions, NonNull<u8>) {
    let regions = Regions::new(arena, Tier::Gpu, "staging", 1, 2).expect("room");
    let start = arena.gpu().address(regions.take().expect("free").run());
    (regions, start)
}

fn region_before(arena: &Arena) {
    let (_regions, start) = staging(arena);
    // SAFETY: in the guard, or the pool before.
    touch(unsafe { start.sub(1) });
}

fn region_behind(arena: &Arena) {
    let (_regions, start) = staging(arena);
    // SAFETY: in the page behind, which is the arena's.
    touch(unsafe { start.add(PAGE) });
}

fn vented_region(arena: &Arena) {
    let (regions, start) = staging(arena);
    let mut region = regions.take().expect("free").fill(12);
    region.push(&[1_u8]).expect("room");
    let region = region.seal();
    look(start);
    let _vented = region.vent();
    look(start);
}

fn sealed_region(arena: &Arena) {
    let (regions, start) = staging(arena);
    let filling = regions.take().expect("free").fill(12);
    touch(start);
    let _sealed = filling.seal();
    touch(start);
}

fn landed_region(arena: &Arena) {
    let (regions, start) = staging(arena);
    let flying = regions.take().expect("free").fill(12).seal().launch(5);
    look(start);
    drop(flying);
    look(start);
    assert_eq!(regions.land(5), 1);
    look(start);
}

/// `logic before`, `scene behind`, and so on.
fn beside_a_pool(arena: &Arena, which: &str) {
    let (tier, side) = which.split_once(' ').expect("a pool and a side");
    let tier = Tier::ALL.into_iter().find(|known| known.name() == tier);
    let pool = arena.pool(tier.expect("a pool"));
    let owner = pool.owner("edge dweller", pool.bytes()).expect("a name");
    pool.reserve(owner, pool.pages()).expect("an empty pool");
    // SAFETY: addresses within the arena's reservation.
    let (inside, outside) = unsafe {
        let (start, end) = (pool.base(), pool.base().add(pool.bytes() as usize));
        if side == "before" {
            (start, start.sub(1))
        } else {
            (end.sub(1), end)
        }
    };
    touch(inside);
    touch(outside);
}

fn start(program: &str, bare: bool) -> Output {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command
        .args(["--exact", "child", "--nocapture"])
        .env(PROGRAM, program);
    if bare {
        command.env(BARE, "1");
    }
    command.output().expect("this program starts again")
}

/// Whether this host's pages have rights; else there is nothing to catch, and checksums are tested elsewhere.
fn can_fault() -> bool {
    let arena = Arena::new(&small()).expect("a small arena");
    arena.protect(Protection::Pages).expect("protection") == Protection::Pages
}

fn assert_caught(program: &str, sentence: &str) {
    if !can_fault() {
        return;
    }
    let output = start(program, false);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        output.status.code(),
        Some(FAULT_STATUS),
        "{program}: {said}"
    );
    assert_eq!(said, format!("memory: {sentence}\n"), "{program}");
    assert!(!String::from_utf8_lossy(&output.stdout).contains(SURVIVED));
}

fn assert_unnoticed_without_protection(program: &str) {
    let output = start(program, true);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains(SURVIVED),
        "{program}: {said}"
    );
}

#[test]
fn reading_vented_scratch_is_caught() {
    assert_caught(
        "vented scratch",
        "system `stray` on worker 1 read byte 65536 of pool scene in frame 12, in region \"scratch 3\" (page 1, held since frame \
         12), which was vented: its bytes lasted one frame; fetch or lend them again in every frame",
    );
}

#[test]
fn one_byte_behind_a_scratch_block_is_caught() {
    assert_caught(
        "scratch edge",
        "system `stray` on worker 1 wrote to byte 327680 of pool scene in frame 12, in region \"scratch 0\" (page 5, held since \
         frame 12), at its edge, where nothing is; look for an index or a length that is too large, or a pointer that strays",
    );
}

#[test]
fn one_byte_beside_a_region_is_caught() {
    for (program, byte, page) in [
        ("region before", PAGE - 1, 0),
        ("region behind", 2 * PAGE, 2),
    ] {
        let sentence = format!(
            "system `stray` on worker 1 wrote to byte {byte} of pool gpu in frame 12, in region \"staging\" (page {page}, held \
             since frame 12), at its edge, where nothing is; look for an index or a length that is too large, or a pointer that \
             strays"
        );
        assert_caught(program, &sentence);
    }
}

#[test]
fn regions_are_as_accessible_as_their_state_says() {
    let vented = "read byte 65536 of pool gpu in frame 12, in region \"staging\" (page 1, held since frame 12), which was vented: \
                  its bytes lasted one frame; fetch or lend them again in every frame";
    let sealed = "wrote to byte 65536 of pool gpu in frame 12, in region \"staging\" (page 1, held since frame 12), which is \
                  sealed; write before sealing, or fill another region";
    for (program, sentence) in [
        ("vented region", vented),
        ("sealed region", sealed),
        ("landed region", vented),
    ] {
        assert_caught(program, &format!("system `stray` on worker 1 {sentence}"));
    }
}

#[test]
fn nothing_of_this_is_noticed_without_protection() {
    for (program, _) in PROGRAMS {
        // Before the first region of a pool is the guard, which is always there.
        if program != "region before" {
            assert_unnoticed_without_protection(program);
        }
    }
}

#[test]
fn one_byte_beside_a_pool_is_caught() {
    for tier in Tier::ALL {
        let pages = 64 << u32::from(tier == Tier::Logic);
        for (side, distance, page) in [
            ("before", "byte 1 before the start", 0),
            ("behind", "byte 1 behind the end", pages - 1),
        ] {
            let name = tier.name();
            let sentence = format!(
                "system `stray` on worker 1 wrote to {distance} of pool {name} in frame 12, next to region \"edge dweller\" (page \
                 {page}, held since frame 12); look for an index or a length that is too large, or a pointer that strays"
            );
            assert_caught(&format!("pool {name} {side}"), &sentence);
        }
    }
}

#[test]
fn the_guards_beside_pools_are_always_there() {
    if !can_fault() {
        return;
    }
    for side in ["before", "behind"] {
        let output = start(&format!("pool scene {side}"), true);
        assert!(!output.status.success(), "{side} the pool");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            !said.contains("memory:"),
            "unprotected, it has no name: {said}"
        );
    }
}

#[test]
fn the_guards_cost_no_offset() {
    for backing in [Backing::Best, Backing::Plain] {
        let arena = Arena::new(&MemoryConfig { backing, ..small() }).expect("a small arena");
        let ends = Tier::ALL.map(|tier| {
            let pool = arena.pool(tier);
            let start = pool.base().addr().get();
            assert_eq!(start % PAGE, 0);
            (start, start + pool.bytes() as usize)
        });
        assert!(ends[0].1 + PAGE <= ends[1].0 && ends[1].1 + PAGE <= ends[2].0);
        let windows = arena.layout().windows.map(|window| window.first);
        assert_eq!(windows, [0, 128, 192]);
    }
}
