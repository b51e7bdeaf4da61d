//! Which steps are due: time of the wall, dealt out in steps.

/// Steps that are caught up with in one frame, a quarter of a second of a usual simulation: so much a slow display may take, and what a machine that slept has missed is left out.
/// Whose steps themselves are too slow is held by [`Pace::has_time`] instead.
pub(super) const CATCH_UP: u64 = 15;

/// Time of the wall, dealt out in steps. All times are in nanoseconds.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    step: u64,
    /// What has passed since the last step was due; less than a step.
    owed: u64,
    before: u64,
    dropped: u64,
}

impl Pace {
    /// So many steps a second from `now` on; as many as can be counted, if that is no number of steps.
    pub(super) fn new(rate: f64, now: u64) -> Pace {
        Pace {
            step: ((1e9 / rate) as u64).max(1),
            owed: 0,
            before: now,
            dropped: 0,
        }
    }

    /// Steps that are due `now`: [`CATCH_UP`] at most, the rest is dropped. A clock that goes back is one that stands still.
    pub(super) fn due(&mut self, now: u64) -> u64 {
        let passed = now.saturating_sub(self.before);
        self.before = now;
        self.owed = self.owed.saturating_add(passed);
        let due = self.owed / self.step;
        self.owed %= self.step;
        let done = due.min(CATCH_UP);
        self.drop(due - done);
        done
    }

    /// Lets the time until `now` pass without steps.
    pub(super) fn hold(&mut self, now: u64) {
        self.before = now;
    }

    /// Leaves out steps that were due.
    pub(super) fn drop(&mut self, steps: u64) {
        self.dropped += steps;
    }

    /// Whether who began at `begin` to do what is due may do another step `now`: the time of a step is all there is.
    pub(super) fn has_time(&self, begin: u64, now: u64) -> bool {
        now.saturating_sub(begin) < self.step
    }

    /// Steps left out so far.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// How far the moment of a picture lies before the last step, in steps: what has passed since that was due is not yet simulated, so pictures are one step behind.
    pub(super) fn behind(&self) -> f64 {
        1.0 - self.owed as f64 / self.step as f64
    }

    /// Until the next step is due.
    pub(super) fn left(&self) -> u64 {
        self.step - self.owed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_due_at_their_rate() {
        let mut pace = Pace::new(100.0, 5_000_000);
        assert_eq!(pace.due(5_000_000), 0);
        assert_eq!((pace.behind(), pace.left()), (1.0, 10_000_000));
        assert_eq!(pace.due(14_000_000), 0);
        assert!((pace.behind() - 0.1).abs() < 1e-9);
        assert_eq!(pace.due(16_000_000), 1);
        assert!((pace.behind() - 0.9).abs() < 1e-9);
        assert_eq!(pace.due(45_000_000), 3);
        assert_eq!((pace.left(), pace.dropped()), (10_000_000, 0));
    }

    #[test]
    fn over_a_second_there_is_one_step_for_each_share_of_it() {
        for frames in [7, 59, 60, 61, 144, 1000] {
            let mut pace = Pace::new(60.0, 0);
            let done: u64 = (1..=frames)
                .map(|frame| pace.due(frame * 1_000_000_000 / frames))
                .sum();
            assert!(
                (59..=60).contains(&(done + pace.dropped())),
                "{frames}: {done}"
            );
        }
    }

    #[test]
    fn who_is_too_late_drops_steps_and_does_not_hurry_for_ever() {
        let mut pace = Pace::new(1000.0, 0);
        assert_eq!(pace.due(1_000_000_000), CATCH_UP);
        assert_eq!(pace.dropped(), 1000 - CATCH_UP);
        assert_eq!(pace.due(1_000_000_000), 0, "nothing is owed any more");
        assert!(pace.has_time(0, 999_999) && !pace.has_time(0, 1_000_000));
    }

    #[test]
    fn clocks_that_jump_and_rates_that_are_none_do_no_harm() {
        let mut pace = Pace::new(60.0, 1_000);
        assert_eq!(pace.due(0), 0);
        assert_eq!(pace.due(u64::MAX), CATCH_UP);
        pace.hold(5);
        assert_eq!(pace.due(5), 0);
        for rate in [f64::NAN, f64::INFINITY, 0.0, -1.0, 1e-300] {
            let mut pace = Pace::new(rate, 0);
            assert!(
                pace.due(3) <= CATCH_UP && pace.behind().is_finite(),
                "{rate}"
            );
        }
    }
}
