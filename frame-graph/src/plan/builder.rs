//! Collects declarations and compiles them.

use super::declare::{Access, Grain, Key, Mode, NodeDecl, NodeId, NodeKind, Source};
use super::derive::{Cause, Conflict, Declared, Derived, Edge, derive};
use super::error::GraphError;
use super::fuse::{Task, fuse};
use super::order::{Cycle, order};
use super::{KeyInfo, Lifetime, Node, Plan};

/// Takes keys and nodes, gives a [`Plan`].
///
/// ```
/// use layerw_frame_graph::{GraphBuilder, NodeDecl, Source};
///
/// let mut graph = GraphBuilder::new();
/// let position = graph.key("Position", Source::External);
/// let velocity = graph.key("Velocity", Source::External);
/// graph.node(NodeDecl::rows("gravity").writes(velocity));
/// graph.node(NodeDecl::rows("integrate").reads(velocity).writes(position));
/// let plan = graph.compile()?;
/// assert_eq!(plan.groups().len(), 1); // both run on a chunk while it is in cache
/// # Ok::<(), layerw_frame_graph::GraphError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct GraphBuilder {
    keys: Vec<KeyInfo>,
    nodes: Vec<NodeDecl>,
    barrier: Vec<bool>,
}

impl GraphBuilder {
    /// An empty graph.
    pub fn new() -> GraphBuilder {
        GraphBuilder::default()
    }

    /// Makes a new key. Its name is for people: two calls with one name make two keys.
    pub fn key(&mut self, name: impl Into<String>, source: Source) -> Key {
        self.keys.push(KeyInfo {
            name: name.into(),
            source,
            lifetime: None,
        });
        Key(index(self.keys.len() - 1))
    }

    /// Adds a node after all nodes added so far.
    ///
    /// # Panics
    /// If the node names a key that this builder did not make.
    pub fn node(&mut self, node: NodeDecl) -> NodeId {
        for access in &node.access {
            assert!(
                access.key.index() < self.keys.len(),
                "`{}` accesses key {}, but this graph has {} keys: use keys of the same builder",
                node.name,
                access.key.index(),
                self.keys.len(),
            );
        }
        self.push(node, false)
    }

    /// Adds a node that runs once, after everything added before it and before everything added
    /// after it, as the application of recorded commands does. It costs no more than other nodes.
    pub fn barrier(&mut self, name: impl Into<String>) -> NodeId {
        self.push(NodeDecl::whole(name), true)
    }

    fn push(&mut self, node: NodeDecl, barrier: bool) -> NodeId {
        self.nodes.push(node);
        self.barrier.push(barrier);
        NodeId(index(self.nodes.len() - 1))
    }

    /// Derives edges, order, groups and lifetimes.
    ///
    /// # Errors
    /// The first mistake found, in this order: a name used twice, an `after` that names nobody, a
    /// node that conflicts with itself, a produced key without a producer, a cycle closed by an
    /// `after`.
    pub fn compile(mut self) -> Result<Plan, GraphError> {
        let afters = self.resolve_names()?;
        self.merge_accesses()?;
        let produced: Vec<bool> = (self.keys.iter())
            .map(|key| key.source == Source::Produced)
            .collect();
        let derived = derive(&Declared {
            nodes: &self.nodes,
            barrier: &self.barrier,
            produced: &produced,
            afters: &afters,
        });
        if let Some((reader, key)) = derived.unproduced {
            return Err(self.missing_producer(reader, key));
        }
        let order = order(self.nodes.len(), &derived.edges, derived.backward)
            .map_err(|cycle| self.cycle(&cycle))?;
        Ok(self.assemble(derived, order))
    }

    /// Checks that names are unique and returns (who asks, whom it follows) for every `after`.
    fn resolve_names(&self) -> Result<Vec<(u32, u32)>, GraphError> {
        let mut by_name: Vec<(&str, u32)> = (self.nodes.iter().zip(0..))
            .map(|(node, id)| (node.name.as_str(), id))
            .collect();
        by_name.sort_unstable();
        let twice = (by_name.windows(2))
            .filter(|pair| pair[0].0 == pair[1].0)
            .min_by_key(|pair| pair[1].1);
        if let Some(pair) = twice {
            return Err(GraphError::DuplicateName {
                name: pair[0].0.to_owned(),
                first: pair[0].1 as usize,
                second: pair[1].1 as usize,
            });
        }
        let mut afters = Vec::new();
        for (node, id) in self.nodes.iter().zip(0..) {
            for name in &node.after {
                match by_name.binary_search_by_key(&name.as_str(), |entry| entry.0) {
                    Ok(found) => afters.push((id, by_name[found].1)),
                    Err(_) => {
                        return Err(GraphError::UnknownAfter {
                            node: node.name.clone(),
                            name: name.clone(),
                            nearest: nearest(name, by_name.iter().map(|entry| entry.0)),
                        });
                    }
                }
            }
        }
        Ok(afters)
    }

    /// Makes every node name each of its keys once, in the order of first mention.
    fn merge_accesses(&mut self) -> Result<(), GraphError> {
        // For each key, the last node that named it and where in that node's list.
        let mut named = vec![(u32::MAX, 0_usize); self.keys.len()];
        for (node, id) in self.nodes.iter_mut().zip(0..) {
            let mut kept = 0;
            for place in 0..node.access.len() {
                let access = node.access[place];
                let (last, first_place) = named[access.key.index()];
                if last != id {
                    named[access.key.index()] = (id, kept);
                    node.access[kept] = access;
                    kept += 1;
                    continue;
                }
                let first = &mut node.access[first_place];
                if first.mode == Mode::Write || access.mode == Mode::Write {
                    return Err(GraphError::SelfConflict {
                        node: node.name.clone(),
                        key: self.keys[access.key.index()].name.clone(),
                    });
                }
                if access.grain == Grain::Whole {
                    first.grain = Grain::Whole;
                }
            }
            node.access.truncate(kept);
        }
        Ok(())
    }

    fn missing_producer(&self, reader: NodeId, key: Key) -> GraphError {
        let writes = |access: &Access| access.key == key && access.mode == Mode::Write;
        let later_writer = (self.nodes[reader.index() + 1..].iter())
            .find(|node| node.access.iter().any(writes))
            .map(|node| node.name.clone());
        GraphError::MissingProducer {
            reader: self.nodes[reader.index()].name.clone(),
            key: self.keys[key.index()].name.clone(),
            later_writer,
        }
    }

    fn cycle(&self, cycle: &Cycle) -> GraphError {
        let path = (cycle.0.iter())
            .map(|edge| self.nodes[edge.from.index()].name.clone())
            .collect();
        let steps = cycle.0.iter().map(|edge| self.explain(edge)).collect();
        GraphError::Cycle { path, steps }
    }

    /// Why an edge's end comes after its start, in words.
    fn explain(&self, edge: &Edge) -> String {
        let name = |node: NodeId| self.nodes[node.index()].name.as_str();
        let (from, to) = (name(edge.from), name(edge.to));
        let key = |key: Key| self.keys[key.index()].name.as_str();
        match edge.cause {
            Cause::Conflict(k, Conflict::ReadAfterWrite) => {
                format!("`{to}` reads `{}`, which `{from}` writes before", key(k))
            }
            Cause::Conflict(k, Conflict::WriteAfterRead) => {
                format!("`{to}` writes `{}`, which `{from}` reads before", key(k))
            }
            Cause::Conflict(k, Conflict::WriteAfterWrite) => {
                format!("`{to}` writes `{}`, which `{from}` writes before", key(k))
            }
            Cause::After => format!("`{to}` asks to run after `{from}`"),
            Cause::Barrier if self.barrier[edge.to.index()] => {
                format!("`{to}` is a barrier below `{from}`")
            }
            Cause::Barrier => format!("`{from}` is a barrier above `{to}`"),
        }
    }

    fn assemble(self, derived: Derived, order: Vec<NodeId>) -> Plan {
        let edges = derived.edges;
        let mut nodes = Vec::with_capacity(self.nodes.len());
        let mut accesses = Vec::with_capacity(self.nodes.iter().map(|n| n.access.len()).sum());
        let mut next_edge = 0;
        for ((decl, barrier), id) in self.nodes.into_iter().zip(self.barrier).zip(0..) {
            let (first_access, first_edge) = (index(accesses.len()), index(next_edge));
            accesses.extend(decl.access);
            while edges.get(next_edge).is_some_and(|edge| edge.to.0 == id) {
                next_edge += 1;
            }
            nodes.push(Node {
                name: decl.name,
                kind: decl.kind,
                barrier,
                group: None,
                task: 0,
                accesses: (first_access, index(accesses.len())),
                edges: (first_edge, index(next_edge)),
            });
        }
        let kinds: Vec<NodeKind> = nodes.iter().map(|node| node.kind).collect();
        let into = |node: NodeId| super::range(nodes[node.index()].edges);
        let fused = fuse(&kinds, &order, into, &edges);
        for (node, &task) in nodes.iter_mut().zip(&fused.task_of) {
            node.task = task;
            node.group = match fused.tasks[task as usize] {
                Task::Group(group) => Some(group),
                Task::Node(_) => None,
            };
        }
        let mut plan = Plan {
            keys: self.keys,
            nodes,
            accesses,
            edges,
            order,
            tasks: fused.tasks,
            groups: fused.groups,
        };
        set_lifetimes(&mut plan);
        plan
    }
}

/// Notes for each produced key the first and last place in the order that touches it.
fn set_lifetimes(plan: &mut Plan) {
    for (&node, place) in plan.order.iter().zip(0..) {
        for access in &plan.accesses[super::range(plan.nodes[node.index()].accesses)] {
            let key = &mut plan.keys[access.key.index()];
            if key.source == Source::Produced {
                let first = key.lifetime.map_or(place, |life| life.first);
                key.lifetime = Some(Lifetime { first, last: place });
            }
        }
    }
}

/// The declared name with the fewest edits from `name`, if they are few enough to be a slip.
fn nearest<'a>(name: &str, declared: impl Iterator<Item = &'a str>) -> Option<String> {
    let limit = name.chars().count() / 3 + 1;
    let (distance, found) = declared
        .map(|other| (edits(name, other), other))
        .min_by_key(|&(distance, _)| distance)?;
    (distance <= limit).then(|| found.to_owned())
}

/// How many letters must be inserted, removed or replaced (Levenshtein, one row of the table).
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &y) in b.iter().enumerate() {
            let replace = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replace.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}

/// Counts in a plan are u32: four thousand million nodes, keys or edges are refused.
fn index(count: usize) -> u32 {
    u32::try_from(count).expect("a graph holds fewer than 2^32 keys, nodes, accesses and edges")
}
