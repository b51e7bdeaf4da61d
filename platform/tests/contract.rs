//! What every adapter of a capability must do, run against each of them.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use layerw_platform::clock::{Clock, Date, FixedClock, SystemClock};
use layerw_platform::files::{Disk, Draft, FileError, Files, InMemory, save};
use layerw_platform::terminal::{Captured, Stderr, Terminal};

/// A folder of this test's own, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Folder {
        let path =
            std::env::temp_dir().join(format!("layerw-platform-{}-{test}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder for the test");
        Folder(path)
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).expect("the test's folder");
        let name = |entry: std::io::Result<std::fs::DirEntry>| entry.expect("an entry").file_name();
        let mut names: Vec<_> = entries
            .map(|entry| name(entry).into_string().expect("UTF-8"))
            .collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn files_contract(files: &impl Files, folder: &Path) {
    let path = folder.join("world.snapshot");

    let missing = files.read(&path).expect_err("nothing was written");
    assert!(matches!(missing, FileError::Missing { .. }), "{missing}");
    assert_eq!(missing.path(), path);
    let missing = files.open(&path).map(drop).expect_err("nothing either");
    assert!(matches!(missing, FileError::Missing { .. }), "{missing}");

    let mut draft = files.create(&path).expect("a draft");
    assert_eq!(draft.path(), path);
    draft.write_all(b"first").expect("written");
    draft.flush().expect("flushed");
    assert!(
        files.read(&path).is_err(),
        "nothing may appear before the commit"
    );
    draft.commit().expect("committed");
    assert_eq!(files.read(&path).expect("committed"), b"first");

    let mut draft = files.create(&path).expect("a second draft");
    draft.write_all(&[7; 300_000]).expect("written");
    assert_eq!(files.read(&path).expect("the old file"), b"first");
    drop(draft);
    assert_eq!(files.read(&path).expect("the old file"), b"first");

    let failed = save(files, &path, |draft| {
        draft.write_all(b"half")?;
        Err(std::io::Error::other("the source dried up"))
    });
    let failed = failed.expect_err("the filler failed").to_string();
    assert!(
        failed.contains("world.snapshot") && failed.contains("dried up"),
        "{failed}"
    );
    assert_eq!(files.read(&path).expect("the old file"), b"first");

    let whole: Vec<u8> = (0..300_000u32).map(|byte| byte as u8).collect();
    save(files, &path, |draft| draft.write_all(&whole)).expect("saved");
    assert_eq!(files.read(&path).expect("the new file"), whole);
    let mut piecewise = Vec::new();
    let mut source = files.open(&path).expect("the new file");
    source.read_to_end(&mut piecewise).expect("read");
    assert_eq!(piecewise, whole);

    // Two writers of one name: the last to commit wins, and both were whole.
    let mut early = files.create(&path).expect("a draft");
    let mut late = files.create(&path).expect("another draft");
    early.write_all(b"early").expect("written");
    late.write_all(b"late").expect("written");
    late.commit().expect("committed");
    early.commit().expect("committed");
    assert_eq!(files.read(&path).expect("the file"), b"early");

    let mut name_of_folder = folder.as_os_str().to_owned();
    name_of_folder.push("/");
    let refused = files
        .create(Path::new(&name_of_folder))
        .map(drop)
        .expect_err("a folder's name");
    assert!(matches!(refused, FileError::IsFolder { .. }), "{refused}");
}

fn terminal_contract(terminal: &mut impl Terminal) {
    assert!(terminal.width() >= 1);
    assert_eq!(terminal.interactive(), terminal.interactive());
    terminal.write(b"");
}

fn clock_contract(clock: &impl Clock) {
    let (before, after) = (clock.date(), clock.date());
    assert!(before <= after);
    let text = after.to_string();
    assert_eq!((text.len(), &text[19..]), (20, "Z"), "{text}");
}

#[test]
fn disk_keeps_the_contract_of_files() {
    let folder = Folder::new("disk");
    files_contract(&Disk, &folder.0);
    assert_eq!(
        folder.names(),
        ["world.snapshot"],
        "drafts must leave no trace"
    );
}

#[test]
fn memory_keeps_the_contract_of_files() {
    let files = InMemory::default();
    files_contract(&files, Path::new("/anywhere"));
    assert_eq!(files.names(), [Path::new("/anywhere/world.snapshot")]);
}

#[test]
fn terminals_keep_their_contract() {
    terminal_contract(&mut Stderr::new());
    terminal_contract(&mut Captured::new(true, 0));
    terminal_contract(&mut Captured::new(false, 40));
}

#[test]
fn clocks_keep_their_contract() {
    clock_contract(&SystemClock);
    clock_contract(&FixedClock(Date { unix_seconds: 1 }));
    // 2026-01-01: a host whose clock stands before this release was built is set wrong.
    assert!(SystemClock.date().unix_seconds > 1_767_225_600);
}

#[test]
fn a_missing_folder_is_named_with_its_cure() {
    let folder = Folder::new("missing");
    let path = folder.0.join("out/report.json");
    let error = Disk.create(&path).map(drop).expect_err("no folder");
    assert!(matches!(error, FileError::NoFolder { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("out/report.json`") && text.ends_with("create it or name another"));
}

#[test]
fn a_folder_cannot_be_read_or_replaced() {
    let folder = Folder::new("folder");
    for error in [
        Disk.create(&folder.0).map(drop).expect_err("a folder"),
        Disk.read(&folder.0).map(drop).expect_err("a folder"),
        Disk.open(&folder.0).map(drop).expect_err("a folder"),
    ] {
        assert!(
            error
                .to_string()
                .contains(folder.0.to_str().expect("UTF-8")),
            "{error}"
        );
    }
}

#[cfg(unix)]
mod unix {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::os::unix::fs::symlink;
    use std::os::unix::process::ExitStatusExt;
    use std::path::Path;
    use std::process::{Child, Command, Stdio};

    use layerw_platform::files::{Disk, Draft, Files, save};
    use layerw_platform::signals;
    use rustix::process::{Pid, Signal, kill_process};

    use super::Folder;

    /// Tells [`the_other_process`] what to do, and where.
    const TASK: &str = "LAYERW_PLATFORM_TASK";

    /// The process that the tests below start, send signals to and watch: this binary, running this "test" alone. Without a task it passes at once.
    #[test]
    fn the_other_process() {
        let Ok(task) = std::env::var(TASK) else {
            return;
        };
        let stop = signals::watch().expect("signals can be watched");
        match task.split_once(' ') {
            Some(("write", path)) => {
                let mut draft = Disk.create(Path::new(path)).expect("a draft");
                draft.write_all(&[1; 1 << 20]).expect("written");
                draft.flush().expect("flushed");
                ready();
                wait_forever();
                draft.commit().expect("never reached");
            }
            Some(("stop", _)) => {
                ready();
                while !stop.requested() {
                    std::thread::yield_now();
                }
                ready();
            }
            _ => {
                ready();
                while !stop.requested() {
                    std::thread::yield_now();
                }
                ready();
                wait_forever();
            }
        }
    }

    fn ready() {
        println!("\nready");
    }

    fn wait_forever() {
        loop {
            std::thread::park();
        }
    }

    struct Other {
        child: Child,
        output: BufReader<std::process::ChildStdout>,
    }

    impl Other {
        fn start(task: &str) -> Other {
            let mut child = Command::new(std::env::current_exe().expect("this binary"))
                .args(["--exact", "unix::the_other_process", "--nocapture"])
                .env(TASK, task)
                .stdout(Stdio::piped())
                .spawn()
                .expect("this binary starts again");
            let output = BufReader::new(child.stdout.take().expect("piped"));
            Other { child, output }
        }

        fn until_ready(&mut self) {
            let mut line = String::new();
            while line.trim() != "ready" {
                line.clear();
                assert_ne!(
                    self.output.read_line(&mut line).expect("output"),
                    0,
                    "it ended"
                );
            }
        }

        fn signal(&self, signal: Signal) {
            kill_process(Pid::from_child(&self.child), signal).expect("it is there");
        }

        fn status(mut self) -> std::process::ExitStatus {
            let mut rest = String::new();
            self.output.read_to_string(&mut rest).expect("output");
            self.child.wait().expect("it ends")
        }
    }

    impl Drop for Other {
        fn drop(&mut self) {
            // A failed test must not leave a process behind; one that has ended is no longer ours to kill, and std knows.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }

    #[test]
    fn a_killed_writer_leaves_the_old_file_whole() {
        let folder = Folder::new("killed");
        let path = folder.0.join("world.snapshot");
        save(&Disk, &path, |draft| draft.write_all(b"old")).expect("saved");

        let mut writer = Other::start(&format!("write {}", path.display()));
        writer.until_ready();
        writer.signal(Signal::KILL);
        assert_eq!(writer.status().signal(), Some(9));

        assert_eq!(Disk.read(&path).expect("the old file"), b"old");
        let names = folder.names();
        assert_eq!(names.len(), 2, "{names:?}");
        assert!(names[0].starts_with(".world.snapshot.") && names[0].ends_with(".draft"));
        save(&Disk, &path, |draft| draft.write_all(b"new"))
            .expect("a draft left behind is no obstacle");
        assert_eq!(Disk.read(&path).expect("the new file"), b"new");
    }

    #[test]
    fn the_first_signal_asks() {
        for signal in [Signal::INT, Signal::TERM] {
            let mut other = Other::start("stop -");
            other.until_ready();
            other.signal(signal);
            other.until_ready();
            assert!(other.status().success());
        }
    }

    #[test]
    fn the_second_signal_ends_at_once() {
        let mut other = Other::start("hang");
        other.until_ready();
        other.signal(Signal::TERM);
        other.until_ready();
        other.signal(Signal::INT);
        assert_eq!(other.status().signal(), Some(2));
    }

    #[test]
    fn a_device_is_written_through_and_stays() {
        let before = std::fs::symlink_metadata("/dev/null").expect("/dev/null");
        save(&Disk, Path::new("/dev/null"), |draft| {
            draft.write_all(b"gone")
        })
        .expect("written");
        let after = std::fs::symlink_metadata("/dev/null").expect("/dev/null");
        assert_eq!(before.file_type(), after.file_type());
    }

    #[test]
    fn a_link_keeps_pointing_at_its_file() {
        let folder = Folder::new("link");
        let (file, link) = (folder.0.join("file"), folder.0.join("link"));
        std::fs::write(&file, b"old").expect("written");
        symlink("file", &link).expect("linked");
        save(&Disk, &link, |draft| draft.write_all(b"new")).expect("saved");
        assert_eq!(std::fs::read(&file).expect("the file"), b"new");
        assert!(
            std::fs::symlink_metadata(&link)
                .expect("the link")
                .is_symlink()
        );
    }
}
