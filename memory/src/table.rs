//! Who holds what: the rows behind every refusal, `doctor` and the reports, printable as a table.

use std::fmt;
use std::str::FromStr;

use crate::Tier;
use crate::consts::PAGE;

/// What one owner holds of one pool.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Holding {
    /// The pool.
    pub tier: Tier,
    /// The owner's name, unique within the pool.
    pub owner: String,
    /// Bytes held now, a multiple of the page.
    pub used: u64,
    /// Most bytes ever held at once.
    pub peak: u64,
    /// Most bytes the owner may hold.
    pub budget: u64,
    /// Runs of pages held now.
    pub runs: u32,
    /// Frame of its newest run, see [`Arena::begin_frame`](crate::Arena::begin_frame); 0 while it never had one.
    pub frame: u32,
}

/// What one pool has given out, in bytes.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct PoolStats {
    /// The pool's name: `logic`, `scene` or `gpu`.
    pub name: &'static str,
    /// Bytes held by owners now.
    pub used: u64,
    /// Most bytes ever held at once.
    pub peak: u64,
    /// Bytes that the pool can give out in all.
    pub budget: u64,
}

/// A printable account of owners, pool by pool, largest holder first.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Table {
    /// One row per owner.
    pub holdings: Vec<Holding>,
    /// One row per pool that the table covers.
    pub pools: Vec<PoolStats>,
}

impl Table {
    /// Sorts rows by pool, then by bytes held (largest first), then by name.
    pub(crate) fn sort(&mut self) {
        self.holdings.sort_by(|a, b| {
            let size = b.used.cmp(&a.used);
            a.tier
                .cmp(&b.tier)
                .then(size)
                .then_with(|| a.owner.cmp(&b.owner))
        });
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widest = self
            .holdings
            .iter()
            .map(|holding| holding.owner.chars().count());
        let width = widest.max().unwrap_or(0).max("(whole pool)".len());
        write!(
            f,
            "pool   {:width$}  {:>7}  {:>10}  {:>10}  {:>10}  {:>5}  {:>4}  frame",
            "owner", "pages", "used", "peak", "budget", "use", "runs"
        )?;
        for pool in &self.pools {
            let PoolStats {
                name,
                used,
                peak,
                budget,
            } = *pool;
            let cells = Cells { used, peak, budget };
            write!(f, "\n{name:5}  {:width$}  {cells}", "(whole pool)")?;
            for holding in self
                .holdings
                .iter()
                .filter(|holding| holding.tier.name() == name)
            {
                let Holding {
                    owner, runs, frame, ..
                } = holding;
                let cells = Cells {
                    used: holding.used,
                    peak: holding.peak,
                    budget: holding.budget,
                };
                write!(
                    f,
                    "\n{name:5}  {owner:width$}  {cells}  {runs:>4}  {frame:>5}"
                )?;
            }
        }
        Ok(())
    }
}

/// The columns that pools and owners have in common.
struct Cells {
    used: u64,
    peak: u64,
    budget: u64,
}

impl fmt::Display for Cells {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cells { used, peak, budget } = *self;
        let pages = used / PAGE as u64;
        let share = percent(used, budget);
        let [used, peak, budget] = [used, peak, budget].map(Bytes);
        write!(
            f,
            "{pages:>7}  {used:>10}  {peak:>10}  {budget:>10}  {share:>5}"
        )
    }
}

/// A share of a budget in whole percent, rounded up: 100% is full and nothing else is. `-` where there is no budget.
fn percent(used: u64, budget: u64) -> String {
    match budget {
        0 => "-".to_owned(),
        // Below full is below 100, however close.
        _ if used < budget => format!("{}%", (used * 100).div_ceil(budget).min(99)),
        _ => "100%".to_owned(),
    }
}

/// A number of bytes for people: `64 KiB`, `1.5 GiB`, `100 B`.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Bytes(pub u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [("GiB", 1_u64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
        let text = match units.into_iter().find(|&(_, unit)| self.0 >= unit) {
            None => format!("{} B", self.0),
            Some((name, unit)) if self.0.is_multiple_of(unit) => {
                format!("{} {name}", self.0 / unit)
            }
            Some((name, unit)) => format!("{:.2} {name}", self.0 as f64 / unit as f64),
        };
        f.pad(&text)
    }
}

/// A text that is no size.
#[derive(Copy, Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("no size; give one such as 1048576 or \"64 MiB\"")]
pub struct NoSize;

impl FromStr for Bytes {
    type Err = NoSize;

    /// Bytes of `64 MiB`, `1 GiB`, `512 KiB`, `100 B` or `100`. Whole numbers only: half a GiB is 512 MiB.
    fn from_str(text: &str) -> Result<Bytes, NoSize> {
        let digits = text.find(|c: char| !c.is_ascii_digit());
        let (number, unit) = text.split_at(digits.unwrap_or(text.len()));
        let scale: u64 = match unit.trim_start() {
            "" | "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _ => return Err(NoSize),
        };
        let bytes = number
            .parse()
            .ok()
            .and_then(|number: u64| number.checked_mul(scale));
        bytes.map(Bytes).ok_or(NoSize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_read_like_a_person_writes_them() {
        let texts =
            [0, 100, 1 << 10, 65_536, 3 << 19, 1 << 32].map(|bytes| Bytes(bytes).to_string());
        assert_eq!(
            texts,
            ["0 B", "100 B", "1 KiB", "64 KiB", "1.50 MiB", "4 GiB"]
        );
    }

    #[test]
    fn only_a_full_budget_is_at_100_percent() {
        let shares = [
            (0, 5),
            (1, 1 << 32),
            (1, 3),
            ((1 << 32) - 1, 1 << 32),
            (5, 5),
            (0, 0),
        ]
        .map(|(used, budget)| percent(used, budget));
        assert_eq!(shares, ["0%", "1%", "34%", "99%", "100%", "-"]);
    }

    #[test]
    fn prints_owners_under_their_pool() {
        let mut table = Table {
            holdings: ["small", "large"]
                .map(|owner| Holding {
                    tier: Tier::Logic,
                    owner: owner.into(),
                    used: owner.len() as u64 * 65_536,
                    peak: 1 << 20,
                    budget: 1 << 30,
                    runs: 2,
                    frame: 7,
                })
                .into(),
            pools: vec![PoolStats {
                name: "logic",
                used: 655_360,
                peak: 2 << 20,
                budget: 1 << 30,
            }],
        };
        table.sort();
        let want = "\
pool   owner           pages        used        peak      budget    use  runs  frame
logic  (whole pool)       10     640 KiB       2 MiB       1 GiB     1%
logic  large               5     320 KiB       1 MiB       1 GiB     1%     2      7
logic  small               5     320 KiB       1 MiB       1 GiB     1%     2      7";
        assert_eq!(table.to_string(), want);
    }
}
