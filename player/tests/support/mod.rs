//! A folder with scripts, and the player in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder of this test's own, removed at its end.
pub struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Folder {
        let name = format!("layerw-player-{}-{test}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("a folder for the test");
        Folder(path)
    }

    pub fn file(&self, name: &str, text: &str) {
        // Whole or not at all, as most editors save.
        let draft = self.0.join(format!("{name}.draft"));
        fs::write(&draft, text).expect("written");
        fs::rename(&draft, self.0.join(name)).expect("renamed");
    }

    pub fn with_scripts(test: &str, files: &[(&str, &str)]) -> Folder {
        let folder = Folder::new(test);
        let names: Vec<_> = files.iter().map(|(name, _)| format!("{name:?}")).collect();
        folder.file(
            "layerw.toml",
            &format!("[scripts]\nfiles = [{}]\n", names.join(", ")),
        );
        files
            .iter()
            .for_each(|(name, text)| folder.file(name, text));
        folder
    }

    /// The player in this folder: exit status, standard output, standard error.
    #[allow(dead_code, reason = "not all tests want it")]
    pub fn player(&self, words: &str) -> (Option<i32>, String, String) {
        let output = self.command(words).output().expect("the player starts");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        (
            output.status.code(),
            text(output.stdout),
            text(output.stderr),
        )
    }

    pub fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_layerw-player"));
        command
            .args(words.split_whitespace())
            .current_dir(&self.0)
            .env_remove("LAYERW_PROJECT");
        command
    }

    #[allow(dead_code, reason = "not all tests want it")]
    pub fn has(&self, name: &str) -> bool {
        Path::new(&self.0).join(name).is_file()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
