//! Budgets, their limits and the account of memory.

use serde_json::{Value, json};

use crate::support::{Folder, Program};

/// What `doctor --json` tells of a project in this folder.
fn account(folder: &Folder, words: &str) -> Value {
    let told = Program::project(&format!("doctor --json {words}"))
        .with_default_memory()
        .within(folder)
        .done()
        .out;
    serde_json::from_str(&told).expect("JSON and nothing else")
}

fn names<'a>(list: &'a Value, key: &str) -> Vec<&'a str> {
    let entries = list.as_array().expect("a list").iter();
    entries.filter_map(|entry| entry[key].as_str()).collect()
}

fn number(value: &Value) -> u64 {
    value
        .as_u64()
        .unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn the_account_is_data_and_adds_up() {
    let folder = Folder::new();
    folder.write("layerw.toml", "[memory]\ntotal = '32 MiB'\n");
    let told = account(&folder, "--threads 2");
    assert_eq!(
        (&told["memory"]["total"], &told["memory"]["reduced_from"]),
        (&json!(32 << 20), &Value::Null)
    );
    assert_eq!(names(&told["pools"], "name"), ["logic", "scene", "gpu"]);
    let owners = names(&told["regions"], "owner");
    for owner in ["component Position", "scratch 0", "scratch 1"] {
        assert!(owners.contains(&owner), "{owners:?}");
    }
    let mut next = 0;
    let mut held = [0; 3];
    for run in told["map"].as_array().expect("a list") {
        assert_eq!(number(&run["first"]), next, "no holes, no overlaps: {run}");
        let pages = number(&run["pages"]);
        next += pages;
        let pool = ["logic", "scene", "gpu"]
            .iter()
            .position(|pool| run["pool"] == **pool);
        if run["owner"].is_string() {
            held[pool.expect("a pool")] += pages * 65_536;
        }
    }
    assert_eq!(next * 65_536, 32 << 20);
    for (pool, held) in told["pools"].as_array().expect("a list").iter().zip(held) {
        assert_eq!(number(&pool["used"]), held, "{pool}");
        assert_eq!(
            number(&pool["used"]) + number(&pool["free"]),
            number(&pool["budget"])
        );
        assert!(
            pool["longest_free"].as_u64() <= pool["free"].as_u64(),
            "{pool}"
        );
        assert_eq!(pool["pressure"]["refusals"], 0);
    }
    assert!(told["limits"].get("address_space").is_some(), "{told}");
}

#[test]
fn the_machines_limits_are_told_without_a_project() {
    let told = Program::tools("doctor --memory").done().out;
    for part in [
        "limits of this machine\n",
        "another arena could have",
        "address space (ulimit -v)",
        "overcommit ",
        "huge pages of shared memory",
        "memory to be had",
        "of it in one piece\n",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let json = Program::tools("doctor --json").done().out;
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["regions"], json!([]));
}

/// The report of a run with these words in this folder.
fn report(folder: &Folder, words: &str) -> Value {
    let path = folder.file("report.json");
    Program::project(&format!("run {words} --report"))
        .within(folder)
        .arg(&path)
        .done();
    folder.json("report.json")
}

fn system<'a>(report: &'a Value, name: &str) -> &'a Value {
    let mut systems = report["systems"].as_array().expect("systems").iter();
    systems
        .find(|system| system["name"] == name)
        .expect("a system of that name")
}

#[test]
fn a_report_says_who_held_what_and_what_systems_took() {
    let folder = Folder::new();
    let one = report(&folder, "--frames 30 --threads 1");
    let position = one["regions"].as_array().expect("regions").iter();
    let position = position.filter(|region| region["owner"] == "component Position");
    let position: Vec<_> = position.collect();
    assert_eq!(position.len(), 1);
    assert_eq!(position[0]["pool"], "logic");
    assert!(number(&position[0]["used"]) >= 12 * 1_000, "{position:?}");
    assert!(number(&position[0]["peak"]) <= number(&position[0]["budget"]));
    assert!(number(&position[0]["runs"]) >= 1);
    // `age` records commands, which lie in scratch; the others take none.
    for (name, takes) in [("gravity", false), ("age", true)] {
        let peak = number(&system(&one, name)["scratch_peak"]);
        assert_eq!(peak > 0, takes, "{name} {peak}");
    }
    let peak = number(&system(&one, "age")["scratch_peak"]);
    let two = report(&folder, "--frames 30 --threads 2 --shuffle 7");
    let other = number(&system(&two, "age")["scratch_peak"]);
    assert!(
        peak.abs_diff(other) < peak / 8,
        "the same but for alignment: {peak} and {other}"
    );
}

#[test]
fn a_system_over_its_budget_is_an_error_or_counted() {
    let folder = Folder::new();
    folder.write("layerw.toml", "[systems.age]\nscratch = '1 KiB'\n");
    let said = Program::project("run --frames 30")
        .within(&folder)
        .refused(1);
    let start = "system `age` took ";
    let end = " KiB of scratch in step 0, more than its budget of 1 KiB; raise `[systems.age] scratch`, set `over = \"degrade\"`, or take \
               less\n";
    assert!(said.starts_with(start) && said.ends_with(end), "{said}");

    folder.write(
        "layerw.toml",
        "[systems.age]\nscratch = '1 KiB'\nover = 'degrade'\n",
    );
    let degraded = report(&folder, "--frames 30");
    let age = system(&degraded, "age");
    assert_eq!(age["scratch_budget"], 1024);
    assert!((1..=30).contains(&number(&age["scratch_over"])), "{age}");
    folder.write("layerw.toml", "[systems.age]\nscratch = '1 MiB'\n");
    let free = report(&folder, "--frames 30");
    assert_eq!(free["hash"], degraded["hash"], "slower, to the same bits");
    assert_eq!(system(&free, "age")["scratch_over"], 0);

    folder.write("layerw.toml", "\n[systems.aeg]\nscratch = 1\n");
    assert_eq!(
        Program::project("run").within(&folder).refused(1),
        "`layerw.toml`, line 2: there is no system `aeg`; there are gravity, integrate, nudge, steer, bounce, age, complain\n"
    );
}

#[test]
fn budgets_of_a_file_of_their_own_hold_for_the_worlds_owners() {
    let folder = Folder::new();
    folder.write("layerw.toml", "[memory]\ntotal = '1 GiB'\n");
    let budget = |component: &str| {
        format!(
            "[memory]\ntotal = '16 MiB'\n[memory.'component Position']\npool = 'logic'\nbudget = '{component}'\n"
        )
    };
    folder.write("budget.toml", budget("1 MiB"));
    let words = "run --frames 5 --set points=4000 --budget budget.toml";
    let run = |words: &str| {
        Program::project(words)
            .with_default_memory()
            .within(&folder)
    };
    run(words).done();
    folder.write("budget.toml", budget("64 KiB"));
    let said = run(&words.replace("4000", "40000")).refused(1);
    assert!(
        said.contains("owner \"component Position\" asks pool logic for"),
        "{said}"
    );
    assert!(
        said.contains("of its budget of 64 KiB; raise that budget"),
        "{said}"
    );
    assert!(said.contains("\nlogic  (whole pool)"), "{said}");
}

#[test]
fn the_total_can_be_given() {
    let folder = Folder::new();
    folder.write("layerw.toml", "[memory]\ntotal = '1 GiB'\n");
    let total = |program: Program| {
        let path = folder.file("report.json");
        program.within(&folder).arg("--report").arg(&path).done();
        let report = folder.json("report.json");
        (number(&report["memory"]["total"]), report["hash"].clone())
    };
    let run =
        |words: &str| Program::project(&format!("run --frames 5 {words}")).with_default_memory();
    let (file, hash) = total(run(""));
    let (small, same) = total(run("--memory-total 16MiB"));
    let (environment, _) = total(run("").env("LAYERW_MEMORY", "64 MiB"));
    let (option, _) = total(run("--memory-total 16MiB").env("LAYERW_MEMORY", "64 MiB"));
    assert_eq!(
        [file, small, environment, option].map(|bytes| bytes >> 20),
        [1024, 16, 64, 16]
    );
    assert_eq!(hash, same, "how much memory there is decides nothing");
    let size = "cannot be used; give a size such as 1048576 or \"64 MiB\"\n";
    let wrong = run("").env("LAYERW_MEMORY", "much").refused(2);
    assert_eq!(wrong, format!("`LAYERW_MEMORY much` {size}"));
    let wrong = run("--memory-total -1").refused(2);
    assert_eq!(wrong, format!("`--memory-total -1` {size}"));
    let little = run("--memory-total 1").refused(1);
    assert!(little.contains("memory:"), "{little}");
}
