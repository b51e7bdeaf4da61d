//! The scripts do what the Rust systems do, bit for bit, on any number of workers, and nothing is copied for them.

use layerw::{
    Jobs, Result, Runner, RunnerOptions, ScriptRuntime, Settings, Sim, StateHash, on_fresh_thread,
};
use std::process::Command;

/// The state after 120 steps: points have met every wall by then.
fn hash_of(
    build: fn(&Settings) -> Result<Sim>,
    threads: usize,
    runtime: ScriptRuntime,
) -> StateHash {
    on_fresh_thread("engine", 8 << 20, || {
        let settings = Settings::new()
            .with("points", "20001")
            .with_seed(7)
            .with_project(env!("CARGO_MANIFEST_DIR"))
            .with_script("movement.ts")
            .with_script("bounce.ts")
            .with_script_runtime(runtime);
        let sim = build(&settings).expect("the simulation is built");
        let jobs = Jobs::new(threads).expect("workers start on a fresh thread");
        let mut runner =
            Runner::new(sim, &jobs, RunnerOptions::default()).expect("the systems form a graph");
        for _ in 0..120 {
            runner.step().expect("the step is done");
        }
        runner.hash()
    })
}

#[test]
fn scripts_and_rust_give_the_same_bits() {
    let rust = hash_of(script_movement::sim_in_rust, 1, ScriptRuntime::Wasmtime);
    for runtime in [
        ScriptRuntime::Wasmtime,
        ScriptRuntime::Wasmi,
        ScriptRuntime::QuickJs,
    ] {
        for threads in [1, 2, 8] {
            assert_eq!(
                hash_of(script_movement::sim, threads, runtime),
                rust,
                "{runtime:?}, {threads} workers"
            );
        }
    }
}

/// The program as its user starts it, in the example's folder.
fn program(words: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_script-movement"));
    command
        .args(words.split_whitespace())
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

#[test]
fn the_report_says_how_the_scripts_were_run() {
    let output = program("run --frames 61 --set points=5000 --report /dev/stdout")
        .output()
        .expect("the program starts");
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success(), "{text}");
    // One script of two files, whose names are those of layerw.toml.
    for part in [
        "\"runtime\": \"wasmtime\"",
        "\"trust\": \"sandboxed\"",
        "movement.ts",
        "bounce.ts",
        "\"bytes_copied\": 0",
        "\"allocations_per_frame\": 0.0",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[test]
fn each_script_system_is_a_node_of_its_own() {
    let output = program("graph --json")
        .output()
        .expect("the program starts");
    let graph = String::from_utf8(output.stdout).expect("text");
    let movement = graph.find("MovementSystem").expect("a node");
    let bounce = graph.find("BounceSystem").expect("a node");
    assert!(movement < bounce, "in written order: {graph}");
}

#[test]
fn the_doctor_knows_the_scripts() {
    let output = program("doctor").output().expect("the program starts");
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(
        text.contains("movement.ts, bounce.ts  sandboxed by wasmtime, columns "),
        "{text}"
    );
}
