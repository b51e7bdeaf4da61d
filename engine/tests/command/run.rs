//! Runs: their hash, their settings, their report and their trace.

use crate::support::{Folder, Program};

#[test]
fn the_hash_is_the_same_for_any_workers_and_shuffle() {
    let straight = Program::project("run --frames 40 --threads 1 --hash-every 10").done();
    for options in [
        "--threads 2",
        "--threads 3",
        "--threads 8",
        "--threads 2 --shuffle 1",
        "--threads 3 --shuffle 2",
        "--threads 1 --pin on",
    ] {
        let other = Program::project(&format!("run --frames 40 --hash-every 10 {options}")).done();
        assert_eq!(other.out, straight.out, "{options}");
    }
    assert_eq!(straight.hash_of(40), straight.hash());
    assert!(straight.out.starts_with("step 10 hash "), "{straight:?}");
    assert!(straight.out.contains("lowest "), "{straight:?}");
}

#[test]
fn protection_changes_nothing_but_the_time() {
    let hash = |words: &str| {
        let ended = Program::project(&format!("run --frames 80 --threads 2 {words}")).end();
        assert_eq!(
            (ended.code, ended.err.contains("memory:")),
            (Some(0), false)
        );
        ended.out.lines().last().expect("a last line").to_owned()
    };
    let plain = hash("");
    for words in ["--protect", "--protect=pages", "--protect=checksums"] {
        assert_eq!(hash(words), plain, "{words}");
    }
}

#[test]
fn what_decides_the_run_decides_the_hash() {
    let hash = |words: &str| {
        Program::project(&format!("run --frames 5 {words}"))
            .done()
            .hash()
    };
    let plain = hash("");
    assert_eq!(
        hash("--set points=1000 --set height=10 --seed 0 --dt 0.01"),
        plain,
        "the defaults, said aloud"
    );
    // No system looks at the title or the seed: they count because they are what the run was asked to be.
    for words in [
        "--set title=other",
        "--seed 1",
        "--dt 0.02",
        "--set points=1001",
        "--set height=10.5",
        "--frames 6",
    ] {
        let words = words.replace("--frames 6", "");
        if !words.is_empty() {
            assert_ne!(hash(&words), plain, "{words}");
        }
    }
}

#[test]
fn the_projects_file_is_the_default_and_options_win() {
    let folder = Folder::new();
    folder.write("layerw.toml", "[settings]\npoints = 50\ntitle = 'filed'\n[run]\nframes = 7\nthreads = 1\nseed = 5\ndt = 0.5\n");
    let report = |words: &str, program: fn(Program, &Folder) -> Program| {
        let run = Program::project("run --report").arg(folder.file("report.json"));
        let run = words.split_whitespace().fold(run, Program::arg);
        program(run, &folder).done();
        folder.json("report.json")
    };
    for place in [
        (|run, folder| run.within(folder)) as fn(Program, &Folder) -> Program,
        |run, folder| run.env("LAYERW_PROJECT", folder.path()),
        |run, folder| run.arg("--project").arg(folder.path()),
    ] {
        let filed = report("", place);
        assert_eq!(filed["settings"]["points"], "50");
        assert_eq!(filed["settings"]["title"], "filed");
        assert_eq!(
            (
                &filed["frames"],
                &filed["threads"],
                &filed["seed"],
                &filed["dt"]
            ),
            (&7.into(), &1.into(), &5.into(), &0.5.into())
        );
    }
    let options = report(
        "--frames 3 --threads 2 --seed 6 --dt 0.25 --set points=60",
        |run, folder| run.within(folder),
    );
    assert_eq!(options["settings"]["points"], "60");
    assert_eq!(
        (
            &options["frames"],
            &options["threads"],
            &options["seed"],
            &options["dt"]
        ),
        (&3.into(), &2.into(), &6.into(), &0.25.into())
    );
}

#[test]
fn the_report_has_its_figures_and_the_projects_own() {
    let folder = Folder::new();
    let path = folder.file("report.json");
    let ended = Program::project("run --frames 20 --threads 2 --report")
        .arg(&path)
        .done();
    let report = folder.json("report.json");
    assert_eq!(report["hash"], ended.hash().as_str());
    assert_eq!(report["project"], "layerw-test-project");
    assert_eq!(
        (&report["frames"], &report["threads"], &report["step"]),
        (&20.into(), &2.into(), &20.into())
    );
    assert_eq!(report["stopped"], false);
    assert!(report["wall_seconds"].as_f64() > Some(0.0));
    for time in ["p50", "p99", "max"] {
        assert!(report["frame_ms"][time].as_f64() > Some(0.0), "{report:#}");
    }
    assert_eq!(report["allocations_per_frame"], serde_json::Value::Null);
    assert_eq!(
        report["allocations_per_frame_missing"],
        "fewer than 61 frames, of which the first 60 do not count"
    );
    let pools = report["pools"].as_array().expect("pools");
    let names: Vec<_> = pools
        .iter()
        .map(|pool| pool["name"].as_str().expect("a name"))
        .collect();
    assert_eq!(names, ["logic", "scene", "gpu"]);
    assert!(
        pools[0]["used"].as_u64() > Some(0)
            && pools[0]["used"].as_u64() <= pools[0]["peak"].as_u64()
    );
    let systems = report["systems"].as_array().expect("systems");
    assert_eq!(systems[0]["name"], "gravity");
    assert!(
        systems
            .iter()
            .all(|system| system["calls"].as_u64() >= Some(20)),
        "{report:#}"
    );
    assert_eq!(report["scripts"], serde_json::json!([]));
    assert!(report["lowest"]["metres"].is_number(), "{report:#}");
    assert_eq!(folder.names(), ["report.json"]);
}

#[test]
fn a_key_that_the_report_has_already_is_refused() {
    let said = Program::project("run --frames 1 --report /dev/null")
        .fault("TAKE_KEY", 1)
        .refused(1);
    assert_eq!(
        said,
        "the project adds `hash` to the report, which has a key of that name; choose another\n"
    );
}

/// Spawning, despawning, hashing, recording, progress: none of it allocates in the long run, on any thread.
#[test]
fn steady_frames_allocate_nothing() {
    for threads in ["1", "2"] {
        let folder = Folder::new();
        let run = Program::project("run --frames 400 --hash-every 90 --threads").arg(threads);
        let run = run
            .arg("--report")
            .arg(folder.file("report.json"))
            .arg("--record")
            .arg(folder.file("recording"));
        run.arg("--trace").arg(folder.file("trace.json")).done();
        assert_eq!(
            folder.json("report.json")["allocations_per_frame"],
            0.0,
            "{threads} workers"
        );
    }
}

#[test]
fn no_steps_are_a_run_too() {
    let folder = Folder::new();
    let path = folder.file("report.json");
    let ended = Program::project("run --frames 0 --report")
        .arg(&path)
        .done();
    let report = folder.json("report.json");
    assert_eq!(report["frame_ms"]["p50"], serde_json::Value::Null);
    assert_eq!(report["hash"], ended.hash().as_str());
}

#[test]
fn the_trace_shows_every_step_and_system() {
    let folder = Folder::new();
    let path = folder.file("trace.json");
    Program::project("run --frames 10 --threads 2 --trace")
        .arg(&path)
        .done();
    let trace = folder.json("trace.json");
    let events = trace["traceEvents"].as_array().expect("events");
    let count = |name: &str, phase: &str| {
        events
            .iter()
            .filter(|event| event["name"] == name && event["ph"] == phase)
            .count()
    };
    assert_eq!(count("frame", "i"), 10);
    for system in ["gravity", "integrate", "bounce", "age"] {
        assert!(count(system, "X") >= 10, "{system}");
    }
    assert_eq!(count("Logic pool", "C"), 10);
    assert_eq!(trace["otherData"]["dropped"], 0);
    let named = |event: &&serde_json::Value| event["name"] == "thread_name";
    let names = events
        .iter()
        .filter(named)
        .map(|event| &event["args"]["name"]);
    let names: Vec<_> = names.collect();
    assert!(names.contains(&&"worker 0".into()), "{names:?}");
}

#[test]
fn the_graph_prints_itself() {
    let dot = Program::project("graph").done().out;
    assert!(
        dot.starts_with("digraph") && dot.contains("gravity"),
        "{dot}"
    );
    assert_eq!(Program::project("graph --dot").done().out, dot);
    let json: serde_json::Value =
        serde_json::from_str(&Program::project("graph --json").done().out).expect("JSON");
    assert!(json.to_string().contains("integrate"), "{json:#}");
}
