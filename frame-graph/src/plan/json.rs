//! The plan as JSON, for tools. Everything refers to everything by index, in written order.

use serde_json::{Value, json};

use super::derive::{Cause, Conflict, Edge, EdgeGrain};
use super::{Access, Grain, Mode, NodeKind, Plan, Source, Task};

/// Pretty text with one final line break and fields in a fixed order.
pub(super) fn write(plan: &Plan) -> String {
    let value = json!({
        "keys": plan.keys().iter().map(|key| json!({
            "name": key.name,
            "source": match key.source {
                Source::External => "external",
                Source::Produced => "produced",
            },
            "lifetime": key.lifetime.map(|life| json!([life.first, life.last])),
        })).collect::<Value>(),
        "nodes": plan.node_ids().map(|id| {
            let node = plan.node(id);
            json!({
                "name": node.name,
                "kind": match node.kind {
                    NodeKind::Rows => "rows",
                    NodeKind::Whole if node.barrier => "barrier",
                    NodeKind::Whole => "whole",
                    NodeKind::Pinned => "pinned",
                },
                "task": node.task,
                "group": node.group.map(|group| group.index()),
                "access": plan.accesses(id).iter().map(access).collect::<Value>(),
            })
        }).collect::<Value>(),
        "edges": plan.edges().iter().map(edge).collect::<Value>(),
        "groups": plan.groups().iter()
            .map(|group| group.iter().map(|node| node.index()).collect::<Value>())
            .collect::<Value>(),
        "tasks": plan.tasks().iter().map(|task| match task {
            Task::Node(node) => json!({ "node": node.index() }),
            Task::Group(group) => json!({ "group": group.index() }),
        }).collect::<Value>(),
    });
    let mut text = serde_json::to_string_pretty(&value).expect("plain values always serialise");
    text.push('\n');
    text
}

fn access(access: &Access) -> Value {
    json!({
        "key": access.key.index(),
        "mode": match access.mode {
            Mode::Read => "read",
            Mode::Write => "write",
        },
        "grain": match access.grain {
            Grain::Row => "row",
            Grain::Whole => "whole",
        },
    })
}

fn edge(edge: &Edge) -> Value {
    let (cause, key) = match edge.cause {
        Cause::Conflict(key, Conflict::ReadAfterWrite) => ("read-after-write", Some(key)),
        Cause::Conflict(key, Conflict::WriteAfterRead) => ("write-after-read", Some(key)),
        Cause::Conflict(key, Conflict::WriteAfterWrite) => ("write-after-write", Some(key)),
        Cause::After => ("after", None),
        Cause::Barrier => ("barrier", None),
    };
    json!({
        "from": edge.from.index(),
        "to": edge.to.index(),
        "cause": cause,
        "key": key.map(|key| key.index()),
        "grain": match edge.grain {
            EdgeGrain::Chunk => "chunk",
            EdgeGrain::Whole => "whole",
        },
    })
}
