//! What this host lets a process have, for people who wonder why a reservation fails or is slow.

/// The host's limits, each as far as the host tells.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct HostLimits {
    /// Bytes of address space that this process may use (`ulimit -v`); `None` where there is no limit, or none is known.
    pub address_space: Option<u64>,
    /// Whether the host promises more memory than it has: `heuristic`, `always` or `never` on Linux.
    pub overcommit: Option<&'static str>,
    /// When memory of one process comes in huge pages: `always`, `madvise` or `never` on Linux.
    pub huge_pages: Option<String>,
    /// The same of shared memory, which an arena stands on: `always`, `within_size`, `advise`, `never`, `deny` or `force` on Linux.
    pub huge_pages_shared: Option<String>,
    /// Bytes of the machine's memory.
    pub memory: Option<u64>,
    /// Bytes of it that could be used without swapping.
    pub available: Option<u64>,
}

impl HostLimits {
    /// Asks the host.
    pub fn read() -> HostLimits {
        host::read()
    }
}

#[cfg(target_os = "linux")]
mod host {
    use super::HostLimits;
    use rustix::process::{Resource, getrlimit};
    use std::fs::read_to_string;

    pub(super) fn read() -> HostLimits {
        let huge = |name: &str| {
            let path = format!("/sys/kernel/mm/transparent_hugepage/{name}");
            chosen(&read_to_string(path).ok()?)
        };
        let memory = read_to_string("/proc/meminfo").unwrap_or_default();
        HostLimits {
            address_space: getrlimit(Resource::As).current,
            overcommit: read_to_string("/proc/sys/vm/overcommit_memory")
                .ok()
                .and_then(|mode| overcommit(&mode)),
            huge_pages: huge("enabled"),
            huge_pages_shared: huge("shmem_enabled"),
            memory: kibibytes(&memory, "MemTotal:"),
            available: kibibytes(&memory, "MemAvailable:"),
        }
    }

    fn overcommit(mode: &str) -> Option<&'static str> {
        let names = ["heuristic", "always", "never"];
        names.get(mode.trim().parse::<usize>().ok()?).copied()
    }

    /// The word in brackets of `always [madvise] never`.
    fn chosen(words: &str) -> Option<String> {
        let (_, rest) = words.split_once('[')?;
        Some(rest.split_once(']')?.0.to_owned())
    }

    /// Bytes of a line `MemTotal:  8000000 kB`.
    fn kibibytes(text: &str, name: &str) -> Option<u64> {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        let number: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        number.checked_mul(1 << 10)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn texts_of_the_kernel_are_understood() {
            assert_eq!(overcommit("1\n"), Some("always"));
            assert_eq!(overcommit("7\n"), None);
            assert_eq!(
                chosen("always [madvise] never\n").as_deref(),
                Some("madvise")
            );
            assert_eq!(chosen("never\n"), None);
            let text = "MemTotal:        8052992 kB\nMemFree: x kB\n";
            assert_eq!(kibibytes(text, "MemTotal:"), Some(8_052_992 << 10));
            assert_eq!(kibibytes(text, "MemFree:"), None);
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod host {
    use super::HostLimits;

    pub(super) fn read() -> HostLimits {
        HostLimits::default()
    }
}

#[cfg(all(test, not(feature = "loom")))]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_tells_tells_possible_numbers() {
        let limits = HostLimits::read();
        if cfg!(target_os = "linux") {
            assert!(limits.memory.is_some(), "{limits:?}");
        }
        if let (Some(memory), Some(available)) = (limits.memory, limits.available) {
            assert!(0 < available && available <= memory, "{limits:?}");
        }
    }
}
