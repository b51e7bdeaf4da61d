//! The house rules that a compiler does not know, each a function from the tree of sources to its violations.
//!
//! They are heuristics over text, in the spirit of rust-analyzer's and TigerBeetle's tidy: quick, without dependencies, and strict enough that
//! breaking one by accident is noticed. Each rule has a test that shows it a violation.

mod docs;
mod hosts;
mod layers;
mod manifest;
mod packages;
mod source;
mod text;
mod tree;
mod unsafety;

use std::fmt;

pub use hosts::shares;
pub use tree::Tree;

/// A named rule.
pub struct Rule {
    pub name: &'static str,
    pub check: fn(&Tree) -> Vec<Violation>,
}

/// Where a rule is broken, and the cure.
#[derive(Debug, Eq, PartialEq)]
pub struct Violation {
    /// Relative to the workspace.
    pub path: String,
    /// From 1; 0 stands for the whole file.
    pub line: usize,
    pub message: String,
}

/// All rules.
pub const RULES: [Rule; 10] = [
    Rule {
        name: "layering",
        check: layers::check,
    },
    Rule {
        name: "host code in its places",
        check: hosts::check_cfg,
    },
    Rule {
        name: "clocks and threads in their places",
        check: hosts::check_std,
    },
    Rule {
        name: "shared code is the rule",
        check: hosts::check_share,
    },
    Rule {
        name: "unsafe code in its places",
        check: unsafety::check_places,
    },
    Rule {
        name: "unsafe code argued",
        check: unsafety::check_notes,
    },
    Rule {
        name: "text",
        check: text::check,
    },
    Rule {
        name: "nothing unfinished",
        check: text::check_unfinished,
    },
    Rule {
        name: "documents",
        check: docs::check,
    },
    Rule {
        name: "manifests",
        check: packages::check,
    },
];

impl Violation {
    pub fn new(path: &str, line: usize, message: impl Into<String>) -> Violation {
        Violation {
            path: path.to_owned(),
            line,
            message: message.into(),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.message),
            line => write!(f, "{}:{line}: {}", self.path, self.message),
        }
    }
}

/// The workspace itself keeps its rules.
#[cfg(test)]
#[test]
fn this_workspace_is_tidy() {
    let tree = Tree::read(&crate::root()).expect("the workspace");
    let violations: Vec<String> = RULES
        .iter()
        .flat_map(|rule| (rule.check)(&tree))
        .map(|found| found.to_string())
        .collect();
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}
