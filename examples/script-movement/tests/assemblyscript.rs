//! The same scripts by way of AssemblyScript, where it is installed: to the same bits, unchanged.

use layerw::{Jobs, Runner, RunnerOptions, ScriptCompiler, Settings, StateHash, on_fresh_thread};
use std::path::{Path, PathBuf};

/// Where `cargo xtask test native` installs it.
fn installed() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    let folder = program.ancestors().nth(3)?.join("assemblyscript");
    let there = folder.join("node_modules/assemblyscript").is_dir();
    if !there {
        eprintln!("not tested: no AssemblyScript in {}", folder.display());
    }
    there.then_some(folder)
}

fn hash_of(project: &Path, compiler: ScriptCompiler, threads: usize) -> StateHash {
    on_fresh_thread("engine", 8 << 20, || {
        let settings = Settings::new()
            .with("points", "5003")
            .with_seed(7)
            .with_project(project)
            .with_script("movement.ts")
            .with_script("bounce.ts")
            .with_script_compiler(compiler);
        let sim = script_movement::sim(&settings).expect("the scripts are right");
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
fn the_scripts_compile_unchanged_to_the_same_bits() {
    let Some(folder) = installed() else { return };
    // A project below the folder that has the package.
    let project = folder.join(format!("script-movement-{}", std::process::id()));
    std::fs::create_dir_all(&project).expect("a folder");
    for name in ["movement.ts", "bounce.ts"] {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        std::fs::copy(source, project.join(name)).expect("copied");
    }
    let ours = hash_of(&project, ScriptCompiler::Layerw, 1);
    let theirs = [1, 2].map(|threads| hash_of(&project, ScriptCompiler::AssemblyScript, threads));
    // Nothing depends on it.
    let _ = std::fs::remove_dir_all(&project);
    assert_eq!(theirs, [ours, ours]);
}
