//! What was measured, as lines for programs and as a table for people.

use std::fmt::Write;

use crate::harness::{Better, Measured, Reach};

/// The engine's name among peers.
pub const OURS: &str = "layerw";

/// Peers whose name begins so are baselines: loops by hand over plain arrays, or the engine with something left out.
/// They show where the floor is, and goals do not compare with them.
const BASELINES: [&str; 2] = [FLOOR, OURS];
const FLOOR: &str = "floor";

/// One line per figure and peer.
pub fn print_lines(rows: &[Measured]) {
    for row in rows {
        println!(
            "{},{},{},{},{}",
            row.case,
            row.peer,
            row.threads,
            digits(row.median()),
            row.unit
        );
    }
}

/// One row per figure and number of threads: the engine, everybody else, and the goal.
pub fn markdown(rows: &[Measured]) -> String {
    let mut text = String::from(
        "| case | unit | t | layerw (min–max) | peers | by the best | goal | |\n|---|---|---|---|---|---|---|---|\n",
    );
    for ours in rows.iter().filter(|row| row.peer == OURS) {
        let mut others: Vec<&Measured> = rows
            .iter()
            .filter(|row| row.case == ours.case && row.threads == ours.threads && row.peer != OURS)
            .collect();
        others.sort_by(|a, b| match ours.better {
            Better::Less => a.median().total_cmp(&b.median()),
            Better::More => b.median().total_cmp(&a.median()),
        });
        let best = others
            .iter()
            .find(|row| !is_baseline(row.peer))
            .map(|row| row.median());
        let floor = others
            .iter()
            .find(|row| row.peer.starts_with(FLOOR))
            .map(|row| row.median());
        let others: Vec<String> = others
            .iter()
            .map(|row| format!("{} {}", row.peer, digits(row.median())))
            .collect();
        let (low, high) = (ours.values[0], ours.values[ours.values.len() - 1]);
        let _ = writeln!(
            text,
            "| {} | {} | {} | **{}** ({}–{}) | {} | {} | {} |",
            ours.case,
            ours.unit,
            ours.threads,
            digits(ours.median()),
            digits(low),
            digits(high),
            others.join(", "),
            best.filter(|&best| best != 0.0)
                .map_or_else(String::new, |best| digits(ours.median() / best)),
            goal(ours, best, floor),
        );
    }
    text
}

fn is_baseline(peer: &str) -> bool {
    BASELINES.iter().any(|name| peer.starts_with(name))
}

/// The goal and whether it is reached, as two cells.
fn goal(ours: &Measured, best: Option<f64>, floor: Option<f64>) -> String {
    let wanted = ours.goal().and_then(|goal| match goal.reach {
        Reach::Value(value) => Some((value, digits(value))),
        Reach::OfBest(ratio) => Some((ratio * best?, format!("{} × best", digits(ratio)))),
        Reach::OfFloor(ratio) => Some((ratio * floor?, format!("{} × floor", digits(ratio)))),
    });
    let Some((limit, text)) = wanted else {
        return " | ".to_owned();
    };
    let reached = match ours.better {
        Better::Less => ours.median() <= limit,
        Better::More => ours.median() >= limit,
    };
    format!("{text} | {}", if reached { "reached" } else { "missed" })
}

/// Three significant digits, and no exponent.
fn digits(value: f64) -> String {
    let magnitude = if value == 0.0 {
        0
    } else {
        value.abs().log10().floor() as i32
    };
    format!("{value:.*}", usize::try_from(2 - magnitude).unwrap_or(0))
}
