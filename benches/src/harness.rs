//! Rounds of several peers, in turn, each peer on a thread of its own.
//!
//! ```text
//!   round 1   layerw t1   layerw t2   rayon t1   rayon t2   …     one at a time; the others sleep
//!   round 2   layerw t1   …
//!   …                                                             median per peer
//! ```
//!
//! A peer is set up once, on its thread, and keeps its pool and data there: some pools belong to the thread that made
//! them. Only one peer works at any time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use anyhow::{Context, Result, anyhow};
use layerw_trace::now_ns;

/// One thing to measure, and who takes part.
pub struct Case {
    /// Unique; before the dash stands the family.
    pub name: &'static str,
    /// What is measured, in a line.
    pub about: &'static str,
    /// The values that a round yields, in order.
    pub figures: &'static [Figure],
    /// Everybody who takes part, the engine included.
    pub entries: fn(Effort) -> Vec<Entry>,
}

/// One value of a round.
pub struct Figure {
    /// Goes behind the case's name; may be empty.
    pub suffix: &'static str,
    pub unit: &'static str,
    /// Which way is better.
    pub better: Better,
    /// What the engine shall reach.
    pub goals: &'static [Goal],
}

#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Better {
    Less,
    More,
}

/// What shall be reached on a number of threads.
pub struct Goal {
    pub threads: usize,
    pub reach: Reach,
}

/// A goal is a ratio to somebody of the same run, or stands by itself.
pub enum Reach {
    /// The engine's value by the best peer's.
    OfBest(f64),
    /// The engine's value by that of the loop by hand.
    OfFloor(f64),
    Value(f64),
}

/// How thoroughly to measure.
#[derive(Copy, Clone, Debug)]
pub struct Effort {
    /// Small data, one call: for answers only.
    pub quick: bool,
    /// Rounds per peer.
    pub rounds: usize,
    /// How long a round shall take at least, in ns.
    round_ns: u64,
}

/// A peer in a case.
pub struct Entry {
    pub peer: &'static str,
    pub threads: usize,
    start: Box<dyn FnOnce() -> Result<Round> + Send>,
}

/// Measures once and checks the answer: yields the values of the case's figures.
pub type Round = Box<dyn FnMut() -> Result<Vec<f64>>>;

/// All rounds of one peer for one figure.
pub struct Measured {
    pub case: String,
    pub peer: &'static str,
    pub threads: usize,
    pub unit: &'static str,
    pub better: Better,
    /// The goal, where this is the engine and there is one.
    pub goals: &'static [Goal],
    /// In ascending order, at least one.
    pub values: Vec<f64>,
}

/// Calls something often enough to be measured.
pub struct Repeat {
    calls: u64,
    round_ns: u64,
}

impl Figure {
    /// A figure without a goal, of which less is better.
    pub const fn new(unit: &'static str) -> Figure {
        Figure {
            suffix: "",
            unit,
            better: Better::Less,
            goals: &[],
        }
    }

    pub const fn suffix(self, suffix: &'static str) -> Figure {
        Figure { suffix, ..self }
    }

    pub const fn more_is_better(self) -> Figure {
        Figure {
            better: Better::More,
            ..self
        }
    }

    pub const fn goals(self, goals: &'static [Goal]) -> Figure {
        Figure { goals, ..self }
    }
}

impl Goal {
    /// Reach `ours` where the best peer has `best`.
    pub const fn ratio(threads: usize, ours: f64, best: f64) -> Goal {
        Goal {
            threads,
            reach: Reach::OfBest(ours / best),
        }
    }

    /// Reach `ours` where the best floor has `floor`.
    pub const fn of_floor(threads: usize, ours: f64, floor: f64) -> Goal {
        Goal {
            threads,
            reach: Reach::OfFloor(ours / floor),
        }
    }

    /// Reach a value, whatever others do.
    pub const fn value(threads: usize, value: f64) -> Goal {
        Goal {
            threads,
            reach: Reach::Value(value),
        }
    }
}

impl Effort {
    pub fn full() -> Effort {
        Effort {
            quick: false,
            rounds: 7,
            round_ns: 25_000_000,
        }
    }

    pub fn quick() -> Effort {
        Effort {
            quick: true,
            rounds: 1,
            round_ns: 0,
        }
    }

    /// A size for measuring, or for checking only.
    pub fn pick(self, full: usize, quick: usize) -> usize {
        if self.quick { quick } else { full }
    }

    pub fn repeat(self) -> Repeat {
        Repeat {
            calls: 1,
            round_ns: self.round_ns,
        }
    }
}

impl Entry {
    /// A peer that `start` sets up, on a new thread that is its own.
    pub fn new(
        peer: &'static str,
        threads: usize,
        start: impl FnOnce() -> Result<Round> + Send + 'static,
    ) -> Entry {
        Entry {
            peer,
            threads,
            start: Box::new(start),
        }
    }
}

/// A round that yields several values.
pub fn round(f: impl FnMut() -> Result<Vec<f64>> + 'static) -> Result<Round> {
    Ok(Box::new(f))
}

/// A round that yields one value.
pub fn single(mut f: impl FnMut() -> Result<f64> + 'static) -> Result<Round> {
    round(move || Ok(vec![f()?]))
}

impl Repeat {
    /// Mean time of a call of `f`, in ns.
    pub fn mean_ns(&mut self, mut f: impl FnMut()) -> f64 {
        self.mean_of(|calls| {
            let start_ns = now_ns();
            for _ in 0..calls {
                f();
            }
            now_ns() - start_ns
        })
    }

    /// Mean over calls of `f`, which returns how many ns of itself count: for work that needs preparing.
    pub fn mean_counted_ns(&mut self, mut f: impl FnMut() -> u64) -> f64 {
        self.mean_of(|calls| (0..calls).map(|_| f()).sum())
    }

    /// `f` does a number of calls and says how long they took.
    pub fn mean_of(&mut self, mut f: impl FnMut(u64) -> u64) -> f64 {
        loop {
            let ns = f(self.calls);
            if ns >= self.round_ns || self.calls >= 1 << 40 {
                return ns as f64 / self.calls as f64;
            }
            // A little too many, so that this is the last time.
            let wanted = self.calls as f64 * self.round_ns as f64 / ns.max(1) as f64 * 1.2;
            self.calls = (wanted as u64).clamp(self.calls + 1, 16 * self.calls);
        }
    }
}

/// Runs a case: all peers, round by round.
pub fn measure(case: &Case, effort: Effort) -> Result<Vec<Measured>> {
    let entries = (case.entries)(effort);
    let named: Vec<_> = entries
        .iter()
        .map(|entry| (entry.peer, entry.threads))
        .collect();
    let mut values = vec![vec![Vec::new(); case.figures.len()]; named.len()];
    thread::scope(|scope| -> Result<()> {
        let seats: Vec<Seat> = entries
            .into_iter()
            .map(|entry| {
                let (go, wait) = channel();
                let (tell, told) = channel();
                scope.spawn(move || sit(entry.start, &wait, &tell));
                Seat { go, told }
            })
            .collect();
        // One round more: the first warms caches and pools up, and finds the number of calls.
        let rounds = if effort.quick { 1 } else { effort.rounds + 1 };
        for number in 0..rounds {
            for ((seat, values), &(peer, threads)) in seats.iter().zip(&mut values).zip(&named) {
                let place = || format!("{}, {peer}, {threads} threads", case.name);
                let measured = seat.round().with_context(place)?;
                if effort.quick || number > 0 {
                    for (values, value) in values.iter_mut().zip(measured) {
                        values.push(value);
                    }
                }
            }
        }
        Ok(())
    })?;
    let mut rows = Vec::new();
    for (figure, number) in case.figures.iter().zip(0..) {
        for (values, &(peer, threads)) in values.iter_mut().zip(&named) {
            let mut values = std::mem::take(&mut values[number]);
            values.sort_by(f64::total_cmp);
            rows.push(Measured {
                case: format!("{}{}", case.name, figure.suffix),
                peer,
                threads,
                unit: figure.unit,
                better: figure.better,
                goals: figure.goals,
                values,
            });
        }
    }
    Ok(rows)
}

/// Where a peer waits for its turn.
struct Seat {
    go: Sender<()>,
    told: Receiver<Result<Vec<f64>>>,
}

impl Seat {
    fn round(&self) -> Result<Vec<f64>> {
        // A peer that has ended says so below.
        let _ = self.go.send(());
        self.told
            .recv()
            .unwrap_or_else(|_| Err(anyhow!("the peer's thread ended")))
    }
}

/// The life of a peer's thread. The first turn sets the peer up, as well.
fn sit(
    start: Box<dyn FnOnce() -> Result<Round> + Send>,
    wait: &Receiver<()>,
    tell: &Sender<Result<Vec<f64>>>,
) {
    let mut start = Some(start);
    let mut round = None;
    while wait.recv().is_ok() {
        let turn = catch_unwind(AssertUnwindSafe(|| {
            if let Some(start) = start.take() {
                round = Some(start()?);
            }
            round
                .as_mut()
                .ok_or_else(|| anyhow!("the peer was not set up"))?()
        }));
        let result =
            turn.unwrap_or_else(|payload| Err(anyhow!("panicked: {}", message(&*payload))));
        if tell.send(result).is_err() {
            return;
        }
    }
}

fn message(payload: &(dyn std::any::Any + Send)) -> &str {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("no message")
}

impl Measured {
    pub fn median(&self) -> f64 {
        let middle = self.values.len() / 2;
        match self.values.len() % 2 {
            1 => self.values[middle],
            _ => (self.values[middle - 1] + self.values[middle]) / 2.0,
        }
    }

    /// What the engine shall reach here.
    pub fn goal(&self) -> Option<&Goal> {
        self.goals.iter().find(|goal| goal.threads == self.threads)
    }
}
