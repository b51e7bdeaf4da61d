//! `run --watch`: scripts are edited while they run.

mod support;

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStderr, Stdio};

use support::Folder;

const SPAWN: &str = "class Spawn {
  update(world: World, cx: Context) {
    if (cx.step == 0) world.spawn({ counts: 1 });
  }
}
";

/// A column that grows by `by` each step, which divides by `by` before.
fn grow(by: &str) -> String {
    format!(
        "class Grow {{\n  update(counts: i32[]) {{\n    for (let i = 0; i < counts.length; i++) counts[i] += 12 / {by};\n  }}\n}}\n"
    )
}

/// A run that is watched, and killed when its test fails.
struct Run {
    child: Child,
    said: Lines<BufReader<ChildStderr>>,
}

impl Run {
    fn start(folder: &Folder) -> Run {
        let mut child = folder
            .command("run --watch --memory-total 64MiB")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the player starts");
        let said = BufReader::new(child.stderr.take().expect("piped")).lines();
        let mut run = Run { child, said };
        // From then on it sees changes.
        let said = run.line();
        assert!(said.starts_with("watches "), "{said}");
        run
    }

    fn line(&mut self) -> String {
        self.said.next().expect("a line").expect("UTF-8")
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn scripts_are_taken_up_between_two_steps_and_mistakes_wait_for_their_correction() {
    let folder = Folder::with_scripts("watch-run", &[("spawn.ts", SPAWN), ("grow.ts", &grow("3"))]);
    let mut run = Run::start(&folder);

    folder.file("grow.ts", &grow("4"));
    let said = run.line();
    assert!(
        said.starts_with("took up the scripts after step "),
        "{said}"
    );

    // What does not compile changes nothing.
    folder.file("grow.ts", &grow("four"));
    assert_eq!(
        run.line(),
        "grow.ts:3:63: `four` is not known; declare it above, or look for a slip of the pen"
    );
    assert_eq!(run.line(), "the scripts from before go on");

    // A component of another layout cannot be taken up either.
    folder.file("grow.ts", "class Grow { update(counts: f32[]) { for (let i = 0; i < counts.length; i++) counts[i] = 1; } }");
    let said = run.line();
    assert!(
        said.contains("Count") && said.contains("i32") && said.contains("f32"),
        "{said}"
    );
    assert_eq!(run.line(), "the scripts from before go on");

    // A system that fails waits.
    folder.file("grow.ts", &grow("0"));
    let said = run.line();
    assert!(said.starts_with("took up"), "{said}");
    let said = run.line();
    assert!(
        said.contains("Grow") && said.contains("grow.ts:3:") && said.contains("divi"),
        "{said}"
    );
    let said = run.line();
    assert!(
        said.starts_with("went back to step ")
            && said.ends_with(" and waits for a change of the scripts"),
        "{said}"
    );
    folder.file("grow.ts", &grow("6"));
    let said = run.line();
    assert!(said.starts_with("took up"), "{said}");

    // The list of scripts is taken up as they are, and what else the file says is not.
    folder.file("more.ts", "class More { update(counts: i32[]) { for (let i = 0; i < counts.length; i++) counts[i] = 1; } }");
    folder.file(
        "layerw.toml",
        "[scripts]\nfiles = [\"spawn.ts\", \"grow.ts\", \"more.ts\"]\n\n[run]\nframes = 5\n",
    );
    assert_eq!(
        run.line(),
        "what layerw.toml says in [run] counts from the next run on"
    );
    let said = run.line();
    assert!(said.starts_with("took up"), "{said}");
    // It is looked at from then on.
    folder.file(
        "more.ts",
        "class More { update(counts: i32[]) { counts[9999] = 1; } }",
    );
    let said = run.line();
    assert!(said.starts_with("took up"), "{said}");
    let said = run.line();
    assert!(said.contains("more.ts:1:"), "{said}");
    let said = run.line();
    assert!(said.starts_with("went back to step "), "{said}");
    folder.file("layerw.toml", "[scripts\n");
    let said = run.line();
    assert!(said.contains("layerw.toml"), "{said}");
    assert_eq!(run.line(), "the scripts from before go on");
}
