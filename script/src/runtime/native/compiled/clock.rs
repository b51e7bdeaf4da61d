//! The clock that time limits are measured by: a thread that counts while a script with a limit is loaded, and sleeps otherwise.

use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// From one count to the next.
const TICK: Duration = Duration::from_millis(10);

/// Scripts with a limit.
static USERS: Mutex<u32> = Mutex::new(0);
static WAKE: Condvar = Condvar::new();

/// Keeps the clock going.
#[derive(Debug)]
pub(super) struct Running;

impl Running {
    /// Starts the clock, which calls `tick` every 10 ms. Only the first caller's function is used.
    ///
    /// # Errors
    /// The host gives no thread.
    pub(super) fn start(tick: fn()) -> std::io::Result<Running> {
        static STARTED: Mutex<bool> = Mutex::new(false);
        let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
        if !*started {
            thread::Builder::new()
                .name("script time limit".to_owned())
                .stack_size(128 << 10)
                .spawn(move || run(tick))?;
            *started = true;
        }
        *USERS.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        WAKE.notify_one();
        Ok(Running)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        *USERS.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
    }
}

/// Counts that surely take at least this long, and at most one more.
pub(super) fn ticks(limit: Duration) -> u64 {
    let ticks = limit.as_nanos().div_ceil(TICK.as_nanos());
    u64::try_from(ticks).unwrap_or(u64::MAX >> 1) + 1
}

fn run(tick: fn()) {
    loop {
        let users = USERS.lock().unwrap_or_else(PoisonError::into_inner);
        let users = WAKE.wait_while(users, |users| *users == 0);
        drop(users.unwrap_or_else(PoisonError::into_inner));
        thread::sleep(TICK);
        tick();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_never_cut_short() {
        assert_eq!(ticks(Duration::ZERO), 1);
        assert_eq!(ticks(Duration::from_millis(1)), 2);
        assert_eq!(ticks(Duration::from_millis(10)), 2);
        assert_eq!(ticks(Duration::from_secs(1)), 101);
        assert!(ticks(Duration::MAX) > 1 << 60);
    }
}
