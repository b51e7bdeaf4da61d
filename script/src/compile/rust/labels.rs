//! Names that nobody uses: labels are left out, parameters are marked.

use super::params::{Form, Function};

/// A body without the labels that stand in it once.
pub(super) fn without_unused(body: &str) -> String {
    let mut out = String::with_capacity(body.len());
    for line in body.lines() {
        out.push_str(&shortened(line, body));
        out.push('\n');
    }
    out
}

fn shortened(line: &str, body: &str) -> String {
    // Texts of messages may hold anything, but no message stands in the line that opens a loop.
    let opening = line.split_once("'").and_then(|(before, rest)| {
        let (label, after) = rest.split_once(": ")?;
        let is_label = label.chars().all(|c| c.is_ascii_alphanumeric());
        (is_label && line.ends_with('{')).then_some((before, label, after))
    });
    let Some((before, label, after)) = opening else {
        return line.to_owned();
    };
    let used = ["break", "continue"].iter().any(|jump| {
        let jump = format!("{jump} '{label}");
        let mut places = body.match_indices(&jump);
        places.any(|(at, _)| body[at + jump.len()..].starts_with([';', ' ']))
    });
    match used {
        true => line.to_owned(),
        false => format!("{before}{after}"),
    }
}

/// Where a name stands in a text as a word of its own.
pub(super) fn words<'t>(text: &'t str, name: &'t str) -> impl Iterator<Item = usize> + 't {
    let letter = |c: char| c == '_' || c.is_ascii_alphanumeric();
    let ends = move |part: &str| part.ends_with(letter) && name.starts_with(letter);
    let goes_on = move |part: &str| part.starts_with(letter) && name.ends_with(letter);
    text.match_indices(name)
        .map(|(at, _)| at)
        .filter(move |at| {
            let (before, from) = text.split_at(*at);
            !ends(before) && !goes_on(&from[name.len()..])
        })
}

/// Parameters and body, with an underscore before the inputs that the body never names.
pub(super) fn with_unused_marked(function: &Function, mut body: String) -> (String, String) {
    let mut params = function.params.clone();
    let over_all = matches!(function.form, Form::Rows | Form::Chunks);
    for name in function.inputs.iter().filter(|name| !name.is_empty()) {
        let places: Vec<usize> = words(&body, name).take(2).collect();
        match places[..] {
            [] => {
                let at = words(&params, name).next();
                at.into_iter().for_each(|at| mark(&mut params, at));
            }
            // Where the rows are gone over.
            [at] if over_all && body[..at].lines().last().is_some_and(opens) => {
                mark(&mut body, at);
            }
            _ => {}
        }
    }
    (params, body)
}

/// `_name` for `name`, and for `r#name`.
fn mark(text: &mut String, at: usize) {
    let raw = if text[at..].starts_with("r#") { 2 } else { 0 };
    text.replace_range(at..at + raw, "_");
}

/// Whether a line up to here is the head of the loop over all rows.
fn opens(line: &str) -> bool {
    let line = line.trim_start();
    let line = line.strip_prefix("'rows: ").unwrap_or(line);
    line.starts_with("for ") && !line.contains(" in ")
}
