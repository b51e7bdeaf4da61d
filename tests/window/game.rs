//! The project while it is played, and what it leaves behind.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use serde_json::Value;

use super::desk::{Desk, until};

/// The name of the project, hence the title of its window.
pub const TITLE: &str = "ball";

/// A folder of its own for each test, with a small picture that any machine draws quickly.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(name: &str, view: &str) -> Folder {
        let folder =
            std::env::temp_dir().join(format!("layerw-window-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let text = format!(
            "[project]\nname = '{TITLE}'\n[view]\nwidth = 320\nheight = 180\nquality = 'low'\n{view}\n[run]\nframes = 200\n"
        );
        std::fs::write(folder.join("layerw.toml"), text).expect("a file");
        Folder(folder)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The program, with its project.
    pub fn program(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_layerw-played"));
        command
            .args(words)
            .current_dir(&self.0)
            .env("LAYERW_PROJECT", &self.0)
            .env("XDG_RUNTIME_DIR", "/tmp")
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY");
        command
    }

    /// Runs it to its end, which has to be a good one; what it printed.
    pub fn run(&self, words: &[&str]) -> String {
        let output = self.program(words).output().expect("the program");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// What a report says.
    pub fn report(&self, name: &str) -> Value {
        let bytes = std::fs::read(self.path(name)).expect("a report");
        serde_json::from_slice(&bytes).expect("JSON")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Whoever wants to look at it has failed by now.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A game that is being played.
pub struct Game {
    child: Child,
    lines: Receiver<String>,
    errors: Receiver<String>,
    printed: Vec<String>,
}

/// How it ended.
pub struct Ended {
    pub code: Option<i32>,
    pub printed: Vec<String>,
    pub errors: String,
}

impl Game {
    pub fn start(folder: &Folder, desk: &Desk, words: &[&str]) -> Game {
        Game::spawn(folder.program(words).env("DISPLAY", &desk.display))
    }

    pub fn spawn(command: &mut Command) -> Game {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program");
        let printed = lines(child.stdout.take().expect("piped"));
        let errors = lines(child.stderr.take().expect("piped"));
        Game {
            child,
            lines: printed,
            errors,
            printed: Vec::new(),
        }
    }

    /// Lines printed so far.
    pub fn printed(&mut self) -> usize {
        self.printed.extend(self.lines.try_iter());
        self.printed.len()
    }

    /// Waits for its end.
    pub fn end(mut self) -> Ended {
        let status = until("end of the game", || {
            self.child.try_wait().expect("a child")
        });
        self.printed.extend(self.lines.iter());
        let errors: Vec<String> = self.errors.iter().collect();
        Ended {
            code: status.code(),
            printed: std::mem::take(&mut self.printed),
            errors: errors.join("\n"),
        }
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().expect("a child").is_none()
    }
}

impl Drop for Game {
    fn drop(&mut self) {
        // Of a test that failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    /// The hash of its last line.
    pub fn hash(&self) -> String {
        let last = self.printed.last().map(String::as_str).unwrap_or_default();
        assert!(last.starts_with("hash "), "{last:?}, {}", self.errors);
        last.to_owned()
    }
}

fn lines(stream: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// As an argument.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}
