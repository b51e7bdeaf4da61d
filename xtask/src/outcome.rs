//! What came of steps and suites, and how it is told.

use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

/// How many things a step checked.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Count {
    pub passed: u64,
    pub failed: u64,
}

/// What came of a suite.
#[derive(Debug)]
pub struct SuiteOutcome {
    pub name: &'static str,
    pub count: Count,
    /// What failed, each with the command that shows it again.
    pub failures: Vec<String>,
    pub took: Duration,
    /// What it may take on two cores, from nothing.
    pub budget: Duration,
}

/// All suites of a run.
#[derive(Debug, Default)]
pub struct Report {
    suites: Vec<SuiteOutcome>,
}

impl Count {
    pub const PASSED: Count = Count {
        passed: 1,
        failed: 0,
    };
    pub const FAILED: Count = Count {
        passed: 0,
        failed: 1,
    };

    pub fn plus(self, other: Count) -> Count {
        Count {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
        }
    }
}

impl SuiteOutcome {
    fn over_budget(&self) -> bool {
        self.took > self.budget
    }

    /// So far over that it is a failure where a machine is watching. Twice, because CI machines differ and are shared.
    fn far_over_budget(&self) -> bool {
        self.took > self.budget * 2
    }
}

impl Report {
    pub fn add(&mut self, suite: SuiteOutcome) {
        self.suites.push(suite);
    }

    pub fn exit_code(&self, ci: bool) -> ExitCode {
        if self.succeeded(ci) {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }

    fn succeeded(&self, ci: bool) -> bool {
        let slow = ci && self.suites.iter().any(SuiteOutcome::far_over_budget);
        self.count().failed == 0 && !slow
    }

    fn count(&self) -> Count {
        self.suites
            .iter()
            .fold(Count::default(), |sum, suite| sum.plus(suite.count))
    }
}

impl fmt::Display for Report {
    /// A table of suites, what failed, and the closing line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = |duration: Duration| duration.as_secs_f64();
        writeln!(
            f,
            "{:12} {:>7} {:>7} {:>8} {:>8}",
            "suite", "passed", "failed", "seconds", "budget"
        )?;
        for suite in &self.suites {
            let Count { passed, failed } = suite.count;
            let (took, budget) = (seconds(suite.took), seconds(suite.budget));
            write!(
                f,
                "{:12} {passed:7} {failed:7} {took:8.1} {budget:8.0}",
                suite.name
            )?;
            writeln!(
                f,
                "{}",
                if suite.over_budget() {
                    "  OVER BUDGET, a defect"
                } else {
                    ""
                }
            )?;
        }
        let took: Duration = self.suites.iter().map(|suite| suite.took).sum();
        let budget: Duration = self.suites.iter().map(|suite| suite.budget).sum();
        writeln!(f, "{:28} {:8.1} {:8.0}", "", seconds(took), seconds(budget))?;
        for failure in self.suites.iter().flat_map(|suite| &suite.failures) {
            writeln!(f, "FAILED: {failure}")?;
        }
        let Count { passed, failed } = self.count();
        writeln!(f, "{passed} passed, {failed} failed")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suite(passed: u64, failed: u64, seconds: u64) -> SuiteOutcome {
        SuiteOutcome {
            name: "native",
            count: Count { passed, failed },
            failures: (0..failed)
                .map(|_| "a test (cargo test)".to_owned())
                .collect(),
            took: Duration::from_secs(seconds),
            budget: Duration::from_secs(100),
        }
    }

    fn report(suites: Vec<SuiteOutcome>) -> Report {
        Report { suites }
    }

    #[test]
    fn the_closing_line_sums_all_suites() {
        let text = report(vec![suite(3, 0, 1), suite(4, 1, 1)]).to_string();
        assert!(
            text.ends_with("\nFAILED: a test (cargo test)\n7 passed, 1 failed\n"),
            "{text}"
        );
    }

    #[test]
    fn a_failure_fails() {
        assert!(report(vec![suite(3, 0, 1)]).succeeded(true));
        assert!(!report(vec![suite(3, 1, 1)]).succeeded(false));
    }

    #[test]
    fn over_budget_is_loud_and_far_over_fails_in_ci() {
        let slow = report(vec![suite(1, 0, 150)]);
        assert!(
            slow.to_string().contains("150.0      100  OVER BUDGET"),
            "{slow}"
        );
        assert!(slow.succeeded(true));
        let slower = report(vec![suite(1, 0, 201)]);
        assert!(slower.succeeded(false) && !slower.succeeded(true));
    }
}
