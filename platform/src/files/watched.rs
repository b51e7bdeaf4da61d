//! Files that somebody edits while the program runs.

use crate::threads::sleep;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// Sees when files change: by asking for their sizes and times, which every host can tell and which also sees editors that write a new file and rename it.
#[derive(Debug)]
pub struct Watched {
    paths: Vec<PathBuf>,
    /// What was there when a change was last told, or at the beginning.
    told: Vec<Stamp>,
    /// What was there at the last look.
    looked: Vec<Stamp>,
}

/// None where there is no file.
type Stamp = Option<(u64, Option<SystemTime>)>;

impl Watched {
    /// How long to wait between two looks: short against what a person notices, long against what a look costs (some microseconds a file).
    pub const PAUSE: Duration = Duration::from_millis(20);

    /// Watches files from now on; they need not be there.
    pub fn new(paths: Vec<PathBuf>) -> Watched {
        let told = stamps(&paths);
        Watched {
            paths,
            looked: told.clone(),
            told,
        }
    }

    /// Looks, and says whether a file became another one since it last said so. It says so at the second look that finds the same, so that nobody reads
    /// a file that is half written: look every [`Watched::PAUSE`] or so.
    pub fn changed(&mut self) -> bool {
        let found = stamps(&self.paths);
        let settled = found == self.looked;
        self.looked = found;
        let changed = settled && self.looked != self.told;
        if changed {
            self.told.clone_from(&self.looked);
        }
        changed
    }

    /// Blocks until a file changed (true) or `stop` says that nobody wants to know any more (false).
    pub fn wait(&mut self, stop: impl Fn() -> bool) -> bool {
        loop {
            if stop() {
                return false;
            }
            if self.changed() {
                return true;
            }
            sleep(Self::PAUSE);
        }
    }
}

fn stamps(paths: &[PathBuf]) -> Vec<Stamp> {
    let stamp = |path: &PathBuf| {
        let data = fs::metadata(path).ok()?;
        Some((data.len(), data.modified().ok()))
    };
    paths.iter().map(stamp).collect()
}

#[cfg(test)]
mod tests {
    use super::Watched;
    use std::fs;

    #[test]
    fn a_change_is_told_once_and_when_it_has_settled() {
        let name = format!("layerw-watched-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).expect("a folder for the test");
        let (file, other) = (folder.join("a.ts"), folder.join("b.ts"));
        fs::write(&file, "one").expect("written");
        let mut watched = Watched::new(vec![file.clone(), other.clone()]);
        assert!(!watched.changed(), "nothing happened");

        fs::write(&file, "three").expect("written");
        assert!(!watched.changed(), "it may still be written");
        assert!(watched.changed());
        assert!(!watched.changed(), "told already");

        fs::write(&other, "new").expect("written");
        assert!(watched.wait(|| false));
        fs::remove_file(&file).expect("removed");
        assert!(watched.wait(|| false), "a file that goes is a change");
        assert!(!watched.wait(|| true), "nobody wants to know");
        fs::remove_dir_all(&folder).expect("removed");
    }
}
