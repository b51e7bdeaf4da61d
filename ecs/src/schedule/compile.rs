//! From systems in written order to a plan of the frame graph.

use super::{Body, Named};
use crate::access::Target;
use crate::error::EcsError;
use crate::system::Kind;
use crate::world::World;
use layerw_frame_graph::{
    Access, Grain, GraphBuilder, GraphError, Key, Mode, NodeDecl, Plan, Source,
};
use std::collections::BTreeMap;

/// Why systems do not become a plan.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// A system asks for something that the world refuses.
    #[error(transparent)]
    World(#[from] EcsError),
    /// The systems do not form a graph.
    #[error(transparent)]
    Graph(#[from] GraphError),
}

/// Declares all systems to the world and compiles their graph. Node `i` of the plan is `nodes[i]`.
pub(super) fn compile(nodes: &mut [Named], world: &mut World) -> Result<Plan, ScheduleError> {
    let mut graph = GraphBuilder::new();
    let mut keys = Keys::default();
    for node in nodes {
        match &mut node.body {
            Body::System(system) => {
                let access = system.declare(world)?;
                let written = access.items().iter().filter(|item| item.write);
                node.writes = written.map(|item| item.target).collect();
                let mut decl = match system.kind() {
                    Kind::Rows => NodeDecl::rows(&node.name),
                    Kind::Pinned => NodeDecl::pinned(&node.name),
                    Kind::Whole | Kind::Exclusive | Kind::Apply => NodeDecl::whole(&node.name),
                };
                for item in access.into_items() {
                    let key = keys.key(&mut graph, item.target, &item.name, item.present);
                    let mode = if item.write { Mode::Write } else { Mode::Read };
                    let grain = if item.own_row {
                        Grain::Row
                    } else {
                        Grain::Whole
                    };
                    decl = decl.accesses(Access { key, mode, grain });
                }
                for other in &node.after {
                    decl = decl.after(other);
                }
                graph.node(decl);
            }
            Body::Exclusive(_) | Body::Apply => {
                graph.barrier(&node.name);
            }
        }
    }
    Ok(graph.compile()?)
}

/// The graph's keys by what they stand for.
#[derive(Default)]
struct Keys {
    known: BTreeMap<Target, Key>,
}

impl Keys {
    fn key(&mut self, graph: &mut GraphBuilder, target: Target, name: &str, present: bool) -> Key {
        *self.known.entry(target).or_insert_with(|| {
            let source = if present {
                Source::External
            } else {
                Source::Produced
            };
            graph.key(name, source)
        })
    }
}
