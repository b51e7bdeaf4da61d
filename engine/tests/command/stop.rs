//! Ends that come from outside: signals, and the one that no program sees.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::support::{Folder, Program, hash_in};

/// A run that prints the hash of every step, so that a test knows where it is.
struct Running {
    child: Child,
    out: BufReader<ChildStdout>,
    seen: String,
}

impl Running {
    fn start(program: Program) -> Running {
        let mut command = program.command();
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program can be started");
        let out = BufReader::new(child.stdout.take().expect("piped"));
        let seen = String::new();
        Running { child, out, seen }
    }

    fn until_step(&mut self, step: u64) {
        let start = format!("step {step} ");
        loop {
            let from = self.seen.len();
            let got = self.out.read_line(&mut self.seen).expect("UTF-8");
            assert_ne!(got, 0, "the run ended before step {step}: {}", self.seen);
            if self.seen[from..].starts_with(&start) {
                return;
            }
        }
    }

    /// Sends a signal by the `kill` that every shell has built in.
    fn signal(&self, signal: &str) {
        let kill = format!("kill -s {signal} {}", self.child.id());
        let sent = Command::new("sh").args(["-c", &kill]).status();
        assert!(sent.expect("a shell can be started").success());
    }

    /// Exit status, standard output and standard error.
    fn end(mut self) -> (Option<i32>, String, String) {
        self.out.read_to_string(&mut self.seen).expect("UTF-8");
        let mut err = String::new();
        let mut stderr = self.child.stderr.take().expect("piped");
        stderr.read_to_string(&mut err).expect("UTF-8");
        let status = self.child.wait().expect("an end");
        (status.code(), self.seen, err)
    }
}

#[test]
fn a_signal_ends_the_run_after_its_step_with_all_its_files() {
    if Command::new("sh").args(["-c", "kill -l"]).output().is_err() {
        return; // This host has no signals, or nothing to send them with.
    }
    for signal in ["TERM", "INT"] {
        let folder = Folder::new();
        let words = "run --frames 1000000 --hash-every 1 --threads 2 --set points=200 --snapshot s --report r --record R --trace t";
        let mut running = Running::start(Program::project(words).within(&folder));
        running.until_step(20);
        running.signal(signal);
        let (code, out, err) = running.end();
        assert_eq!(code, Some(0), "{err}");

        let report = folder.json("r");
        let steps = report["frames"].as_u64().expect("a number");
        assert!((20..1_000_000).contains(&steps), "{report:#}");
        assert_eq!(report["stopped"], true);
        assert_eq!(report["hash"], hash_in(&out).as_str());
        let said = format!(
            "stopped by a signal after step {steps}, {} of 1000000 steps not done\n",
            1_000_000 - steps
        );
        assert!(err.contains(&said), "{err}");
        assert_eq!(folder.names(), ["R", "r", "s", "t"]);
        assert!(folder.json("t")["traceEvents"].is_array());

        // What was stopped goes on to where the straight run gets, and can be repeated.
        let on = Program::project("run --frames 10 --restore s")
            .within(&folder)
            .done();
        let straight =
            Program::project(&format!("run --frames {} --set points=200", steps + 10)).done();
        assert_eq!(on.hash(), straight.hash());
        Program::project("run --replay R").within(&folder).done();
    }
}

/// The process is killed again and again while it writes a snapshot, a little later each time; under the final name there is always a whole one.
#[test]
fn kill_never_leaves_an_unreadable_snapshot() {
    let folder = Folder::new();
    let words = "run --frames 1 --set points=100000 --threads 1 --snapshot s";
    Program::project(words).within(&folder).done();
    let first = fs::read(folder.file("s")).expect("the first snapshot");
    let (mut killed, mut delay) = (0, 0);
    let tries = if std::env::var_os("LAYERW_LONG").is_some() {
        400
    } else {
        30
    };
    for _ in 0..tries {
        let mut command = Program::project(words).within(&folder).command();
        let mut child = command
            .stdout(Stdio::null())
            .spawn()
            .expect("the program can be started");
        // Wait for the draft to have bytes in it, then a little longer each time.
        let draft = loop {
            let size =
                |name: &String| fs::metadata(folder.file(name)).map_or(0, |known| known.len());
            let begun = folder
                .names()
                .iter()
                .any(|name| name.ends_with(".draft") && size(name) > 0);
            if begun || child.try_wait().expect("a state").is_some() {
                break begun;
            }
            std::thread::yield_now();
        };
        for _ in 0..delay {
            std::thread::yield_now();
        }
        delay += 20;
        let _ = child.kill();
        let status = child.wait().expect("an end");
        killed += u32::from(draft && !status.success());
        for name in folder
            .names()
            .iter()
            .filter(|name| name.ends_with(".draft"))
        {
            fs::remove_file(folder.file(name)).expect("a draft that was left");
        }
        let now = fs::read(folder.file("s")).expect("a snapshot");
        assert!(
            now == first,
            "the snapshot under the final name is not whole"
        );
    }
    assert!(killed > 0, "no kill came in time");
    Program::project("run --frames 1 --restore s")
        .within(&folder)
        .done();
}
