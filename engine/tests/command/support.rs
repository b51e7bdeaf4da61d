//! Starting the project's program, and a folder for its files.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU64, Ordering};

/// How much memory each program may have, where the suite runs with little.
pub const MEMORY: &str = "LAYERW_MEMORY";

/// One start of a program.
pub struct Program {
    command: Command,
}

/// What came of it.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Program {
    /// The tests' project, in its own folder, with nothing of ours in its environment.
    pub fn project(words: &str) -> Program {
        Program::at(env!("CARGO_BIN_EXE_layerw-test-project"), words)
    }

    /// The tools without a project.
    pub fn tools(words: &str) -> Program {
        Program::at(env!("CARGO_BIN_EXE_layerw-tools"), words)
    }

    fn at(path: &str, words: &str) -> Program {
        let mut command = Command::new(path);
        command.args(words.split_whitespace());
        for (name, _) in std::env::vars_os() {
            // But for the memory that the whole suite may have.
            let ours = name.to_string_lossy().starts_with("LAYERW_");
            if ours && name != MEMORY {
                command.env_remove(name);
            }
        }
        command.env_remove("RUST_BACKTRACE");
        Program { command }
    }

    pub fn arg(mut self, word: impl AsRef<OsStr>) -> Program {
        self.command.arg(word);
        self
    }

    /// Switches on what the project reads from `LAYERW_TEST_name`.
    pub fn fault(mut self, name: &str, number: u64) -> Program {
        let name = format!("LAYERW_TEST_{name}");
        self.command.env(name, number.to_string());
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Program {
        self.command.env(name, value);
        self
    }

    /// With the memory that a user's run has, however little the suite has.
    pub fn with_default_memory(mut self) -> Program {
        self.command.env_remove(MEMORY);
        self
    }

    pub fn within(mut self, folder: &Folder) -> Program {
        self.command.current_dir(folder.path());
        self
    }

    pub fn command(self) -> Command {
        self.command
    }

    /// Runs it to its end.
    pub fn end(mut self) -> Ended {
        let Output {
            status,
            stdout,
            stderr,
        } = self.command.output().expect("the program can be started");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Ended {
            code: status.code(),
            out: text(stdout),
            err: text(stderr),
        }
    }

    /// Runs it to a good end.
    pub fn done(self) -> Ended {
        let ended = self.end();
        assert_eq!(ended.code, Some(0), "{ended:?}");
        ended
    }

    /// Runs it to a bad end, and returns what it said about that.
    pub fn refused(self, code: i32) -> String {
        let ended = self.end();
        assert_eq!(ended.code, Some(code), "{ended:?}");
        assert!(!ended.out.contains("hash"), "{ended:?}");
        ended.err
    }
}

impl Ended {
    /// The hash in the last line.
    pub fn hash(&self) -> String {
        hash_in(&self.out)
    }

    /// The hashes that `--hash-every` printed, by step.
    pub fn hash_of(&self, step: u64) -> String {
        let start = format!("step {step} hash ");
        let mut found = self
            .out
            .lines()
            .filter_map(|line| line.strip_prefix(&start));
        let hash = found.next();
        hash.unwrap_or_else(|| panic!("no step {step}: {self:?}"))
            .to_owned()
    }
}

/// The hash in the last line of an output.
pub fn hash_in(out: &str) -> String {
    let last = out.lines().last().unwrap_or_default();
    let hash = last.strip_prefix("hash ");
    let hash =
        hash.filter(|hash| hash.len() == 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()));
    hash.unwrap_or_else(|| panic!("the last line is no hash: {out}"))
        .to_owned()
}

/// A folder of a test's own, removed at its end.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Folder {
        static FOLDERS: AtomicU64 = AtomicU64::new(0);
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let name = format!("layerw-command-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("a folder for the test");
        Folder(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.file(name);
        fs::write(&path, bytes).expect("a file for the test");
        path
    }

    pub fn json(&self, name: &str) -> serde_json::Value {
        let bytes = fs::read(self.file(name)).expect("the file");
        serde_json::from_slice(&bytes).expect("JSON")
    }

    /// The names in it, sorted.
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).expect("the test's folder");
        let name = |entry: std::io::Result<fs::DirEntry>| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        };
        let mut names: Vec<String> = entries.map(name).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
