//! The plan as a drawing: `dot -Tsvg` makes a picture of it.

use std::fmt::Write;

use super::derive::{Cause, Conflict, EdgeGrain};
use super::{Key, NodeId, NodeKind, Plan};

/// Nodes are boxes (row nodes), bold boxes (pinned) or ellipses (whole); a group is a cluster; an
/// edge per pair of nodes carries all its causes and is dashed where it holds chunk by chunk.
pub(super) fn write(plan: &Plan) -> String {
    let mut dot = String::from("digraph plan {\n    node [fontname=\"sans-serif\"];\n");
    for (members, group) in plan.groups().iter().zip(0..) {
        line(&mut dot, format_args!("    subgraph cluster_{group} {{"));
        line(&mut dot, format_args!("        label=\"group {group}\";"));
        for &member in members {
            node(&mut dot, plan, member, "        ");
        }
        dot.push_str("    }\n");
    }
    for id in plan.node_ids().filter(|&id| plan.node(id).group.is_none()) {
        node(&mut dot, plan, id, "    ");
    }
    for id in plan.node_ids() {
        edges(&mut dot, plan, id);
    }
    dot.push_str("}\n");
    dot
}

fn node(dot: &mut String, plan: &Plan, id: NodeId, indent: &str) {
    let node = plan.node(id);
    let shape = match node.kind {
        NodeKind::Rows => "shape=box",
        NodeKind::Whole if node.barrier => "shape=hexagon",
        NodeKind::Whole => "shape=ellipse",
        NodeKind::Pinned => "shape=box, style=bold",
    };
    let (index, name) = (id.index(), quote(&node.name));
    line(
        dot,
        format_args!("{indent}n{index} [label={name}, {shape}];"),
    );
}

/// One line per node that `to` waits for, in written order.
fn edges(dot: &mut String, plan: &Plan, to: NodeId) {
    let mut into = plan.edges_into(to).to_vec();
    into.sort_by_key(|edge| edge.from);
    for pair in into.chunk_by(|a, b| a.from == b.from) {
        let causes: Vec<String> = pair.iter().map(|edge| cause(plan, edge.cause)).collect();
        let style = match pair.iter().all(|edge| edge.grain == EdgeGrain::Chunk) {
            true => ", style=dashed",
            false => "",
        };
        let label = quote(&causes.join("\n"));
        let (from, to) = (pair[0].from.index(), to.index());
        line(
            dot,
            format_args!("    n{from} -> n{to} [label={label}{style}];"),
        );
    }
}

fn cause(plan: &Plan, cause: Cause) -> String {
    let name = |key: Key| plan.key(key).name.as_str();
    match cause {
        Cause::Conflict(key, Conflict::ReadAfterWrite) => format!("{}: write, read", name(key)),
        Cause::Conflict(key, Conflict::WriteAfterRead) => format!("{}: read, write", name(key)),
        Cause::Conflict(key, Conflict::WriteAfterWrite) => format!("{}: write, write", name(key)),
        Cause::After => "after".to_owned(),
        Cause::Barrier => "barrier".to_owned(),
    }
}

/// A quoted string of the DOT language; a line break becomes the escape for one.
fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            '\n' => quoted.push_str("\\n"),
            _ => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

fn line(dot: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(dot, "{text}").expect("writing to a string does not fail");
}
