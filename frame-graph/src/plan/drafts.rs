//! Random graphs for property tests, of the plan and of the executor.

use proptest::prelude::*;

use super::*;

/// One declared node: its kind, or `None` for a barrier, its accesses (key, write, row grain) and
/// whether it asks to run after an earlier node.
pub(crate) type Draft = (Option<NodeKind>, Vec<(usize, bool, bool)>, Option<usize>);

const KEYS: usize = 6;

/// Any node.
pub(crate) fn draft() -> impl Strategy<Value = Draft> {
    let kind = prop_oneof![
        6 => Just(Some(NodeKind::Rows)),
        3 => Just(Some(NodeKind::Whole)),
        1 => Just(Some(NodeKind::Pinned)),
        1 => Just(None),
    ];
    let access =
        proptest::collection::vec((0..KEYS, any::<bool>(), prop::bool::weighted(0.8)), 0..4);
    (kind, access, prop::option::weighted(0.2, 0..12_usize))
}

/// Declares the drafts, named by their number, and compiles them.
pub(crate) fn build(drafts: &[Draft]) -> Plan {
    let mut graph = GraphBuilder::new();
    let keys: Vec<Key> = (0..KEYS)
        .map(|k| graph.key(format!("k{k}"), Source::External))
        .collect();
    for (n, (kind, accesses, after)) in drafts.iter().enumerate() {
        let Some(kind) = kind else {
            graph.barrier(n.to_string());
            continue;
        };
        let mut decl = NodeDecl {
            kind: *kind,
            ..NodeDecl::whole(n.to_string())
        };
        for &(key, write, row) in accesses {
            if decl.access.iter().all(|access| access.key != keys[key]) {
                decl.access.push(Access {
                    key: keys[key],
                    mode: if write { Mode::Write } else { Mode::Read },
                    grain: if row { Grain::Row } else { Grain::Whole },
                });
            }
        }
        decl.after.extend(
            after
                .filter(|&other| other < n)
                .map(|other| other.to_string()),
        );
        graph.node(decl);
    }
    graph
        .compile()
        .expect("only earlier nodes are named, so there is no cycle")
}

/// What `from` must have done before `to`, by definition: `None` nothing, else the grain.
pub(crate) fn required(plan: &Plan, from: NodeId, to: NodeId) -> Option<EdgeGrain> {
    if plan.node(from).barrier || plan.node(to).barrier {
        return Some(EdgeGrain::Whole);
    }
    let row = |node: NodeId, access: &Access| {
        plan.node(node).kind == NodeKind::Rows && access.grain == Grain::Row
    };
    let mut grain = None;
    for a in plan.accesses(from) {
        for b in plan.accesses(to).iter().filter(|b| b.key == a.key) {
            if a.mode == Mode::Read && b.mode == Mode::Read {
                continue;
            }
            if !(row(from, a) && row(to, b)) {
                return Some(EdgeGrain::Whole);
            }
            grain = Some(EdgeGrain::Chunk);
        }
    }
    grain
}
