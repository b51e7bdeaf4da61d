//! Why a graph does not compile. Each message names the nodes, the key and the ways out.

use thiserror::Error;

/// A mistake in the declared graph.
#[derive(Clone, Debug, Eq, PartialEq, Error)]
#[non_exhaustive]
pub enum GraphError {
    /// Two nodes share a name.
    #[error(
        "two nodes are called `{name}` (the {} and the {} declared): rename one of them, \
         names are how errors, traces and `after` tell nodes apart",
        ordinal(*first), ordinal(*second)
    )]
    DuplicateName {
        /// The name.
        name: String,
        /// Place of the first, counted from 0.
        first: usize,
        /// Place of the second, counted from 0.
        second: usize,
    },

    /// An `after` names nobody.
    #[error(
        "`{node}` asks to run after `{name}`, but no node has that name{}",
        hint(nearest.as_deref())
    )]
    UnknownAfter {
        /// Who asks.
        node: String,
        /// The name it gave.
        name: String,
        /// The declared name that looks most like it, if one does.
        nearest: Option<String>,
    },

    /// One node lists the same key twice and writes it.
    #[error(
        "`{node}` accesses `{key}` twice, once to write it: keep the one write, which may read as \
         well, or split `{node}` into two nodes"
    )]
    SelfConflict {
        /// The node.
        node: String,
        /// The key it lists twice.
        key: String,
    },

    /// A produced key is read before anybody has written it.
    #[error("`{reader}` reads `{key}`, but {}", no_producer(reader, key, later_writer.as_deref()))]
    MissingProducer {
        /// The first node that reads the key.
        reader: String,
        /// The key.
        key: String,
        /// A node declared after the reader that writes the key, if there is one.
        later_writer: Option<String>,
    },

    /// An `after` asks for the opposite of the written order.
    #[error("{}", cycle(path, steps))]
    Cycle {
        /// The names along the cycle; the last asks to run before the first and closes it.
        path: Vec<String>,
        /// Why each of them comes before the next, in words; as long as `path`.
        steps: Vec<String>,
    },
}

fn ordinal(index: usize) -> String {
    let number = index + 1;
    let suffix = match (number % 10, number % 100) {
        (1, n) if n != 11 => "st",
        (2, n) if n != 12 => "nd",
        (3, n) if n != 13 => "rd",
        _ => "th",
    };
    format!("{number}{suffix}")
}

fn hint(nearest: Option<&str>) -> String {
    match nearest {
        Some(name) => format!(": did you mean `{name}`?"),
        None => ": declare it, or drop the `after`".to_owned(),
    }
}

fn no_producer(reader: &str, key: &str, later_writer: Option<&str>) -> String {
    match later_writer {
        Some(writer) => format!(
            "`{writer}`, which writes it, is declared later: declare `{writer}` before `{reader}`"
        ),
        None => format!(
            "no node writes it: add a node that writes `{key}` before `{reader}`, or make `{key}` \
             external if it is there before the step"
        ),
    }
}

fn cycle(path: &[String], steps: &[String]) -> String {
    let (first, last) = (&path[0], &path[path.len() - 1]);
    let mut walk = String::new();
    for name in path {
        walk.push_str(&format!("`{name}` -> "));
    }
    if first == last {
        return format!("`{first}` asks to run after itself: drop that `after`");
    }
    format!(
        "`{first}` asks to run after `{last}`, which must itself run after `{first}`: \
         {walk}`{first}` ({}); drop `after(\"{last}\")` from `{first}`, or declare `{last}` before \
         `{first}`",
        steps.join("; ")
    )
}
