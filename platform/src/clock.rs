//! The wall clock, for reports: the one place where a run asks for the date. Nothing that is hashed may come from here.

use std::fmt;

/// Tells the date.
pub trait Clock {
    /// The date and time now, to the second.
    fn date(&self) -> Date;
}

/// The host's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

/// A clock that stands still, for reports that must be equal from run to run.
#[derive(Clone, Copy, Debug, Default)]
pub struct FixedClock(pub Date);

/// A moment in UTC, printed as RFC 3339: `2026-11-20T23:02:28Z`.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Date {
    /// Seconds since 1970-01-01T00:00:00Z, leap seconds not counted.
    pub unix_seconds: u64,
}

impl Clock for SystemClock {
    fn date(&self) -> Date {
        Date {
            unix_seconds: unix_seconds(),
        }
    }
}

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
fn unix_seconds() -> u64 {
    // A host set to before 1970 gets 1970: a report with a silly date is better than none.
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |duration| duration.as_secs())
}

/// std has no clock on a page.
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
fn unix_seconds() -> u64 {
    (crate::web::now_ms() / 1e3) as u64
}

impl Clock for FixedClock {
    fn date(&self) -> Date {
        self.0
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil(self.unix_seconds / 86_400);
        let second = self.unix_seconds % 86_400;
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
        )
    }
}

/// Days since 1970-01-01 to (year, month, day) in the Gregorian calendar.
///
/// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`, for days that are not negative.
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468; // since 0000-03-01: leap days then end a year
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153; // 0 is March
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_print_as_rfc_3339() {
        // Seconds from `date -u -d DATE +%s`.
        for (unix_seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_827_696, "2000-02-29T12:34:56Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(Date { unix_seconds }.to_string(), text);
        }
    }
}
