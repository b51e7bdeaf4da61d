//! The threads of this process, as the host sees them: the ones that nobody here started included.

use std::fs;
use std::time::Duration;

/// Blocks the calling thread for at least so long; for threads that may block, so not for a browser page's own.
pub fn sleep(duration: Duration) {
    std::thread::sleep(duration);
}

/// One thread of this process.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Thread {
    /// The host's number of it.
    pub id: u64,
    /// Its name, which the host may have cut short (Linux keeps 15 bytes).
    pub name: String,
}

/// All threads of this process, by number; None where the host does not tell.
///
/// Linux tells in `/proc/self/task`. A host without that folder is one that does not tell, so nothing here depends on the target.
pub fn threads() -> Option<Vec<Thread>> {
    let tasks = fs::read_dir("/proc/self/task").ok()?;
    let thread = |entry: std::io::Result<fs::DirEntry>| {
        let entry = entry.ok()?;
        let id = entry.file_name().to_str()?.parse().ok()?;
        // A thread may end while we look.
        let name = fs::read_to_string(entry.path().join("comm")).ok()?;
        Some(Thread {
            id,
            name: name.trim_end_matches('\n').to_owned(),
        })
    };
    let mut found: Vec<Thread> = tasks.filter_map(thread).collect();
    found.sort();
    Some(found)
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    #[test]
    fn a_named_thread_is_found_while_it_runs() {
        if super::threads().is_none() {
            return; // This host does not tell.
        }
        let barrier = Barrier::new(2);
        std::thread::scope(|scope| {
            let wait_twice = || {
                barrier.wait();
                barrier.wait();
            };
            let builder = std::thread::Builder::new().name("found".to_owned());
            builder.spawn_scoped(scope, wait_twice).expect("a thread");
            barrier.wait();
            let names = super::threads().expect("this host tells");
            assert!(
                names.iter().any(|thread| thread.name == "found"),
                "{names:?}"
            );
            barrier.wait();
        });
    }
}
