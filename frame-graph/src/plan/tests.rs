//! What a plan promises, checked against plain statements of it: the full list of conflicting
//! pairs, texts of errors, drawings of a small graph.

use proptest::prelude::*;

use super::drafts::{build, draft, required};
use super::*;

/// A small frame with each kind of node and each cause of an edge.
fn frame() -> Plan {
    let mut graph = GraphBuilder::new();
    let position = graph.key("Position", Source::External);
    let velocity = graph.key("Velocity", Source::External);
    let wind = graph.key("Wind", Source::External);
    let grid = graph.key("Grid", Source::Produced);
    graph.node(NodeDecl::whole("weather").writes(wind));
    graph.node(NodeDecl::rows("blow").writes(velocity).reads_whole(wind));
    graph.node(NodeDecl::rows("integrate").writes(position).reads(velocity));
    graph.node(
        NodeDecl::whole("build \"grid\"")
            .reads(position)
            .writes(grid),
    );
    graph.node(NodeDecl::rows("avoid").writes(velocity).reads_whole(grid));
    graph.node(NodeDecl::rows("damp").writes(velocity));
    graph.barrier("apply");
    graph.node(NodeDecl::pinned("present").reads(position));
    graph.node(NodeDecl::whole("log").after("present"));
    graph.compile().expect("a correct graph")
}

/// Compares with a file in `golden/`; `LAYERW_BLESS=1` writes it instead.
fn check(file: &str, actual: &str) {
    let path = format!("{}/src/plan/golden/{file}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("LAYERW_BLESS").is_some() {
        std::fs::write(&path, actual).expect("the golden folder can be written");
    }
    let expected = std::fs::read_to_string(&path).expect("the golden file exists");
    assert_eq!(
        expected, actual,
        "{path} differs; LAYERW_BLESS=1 re-records it"
    );
}

fn error(build: impl FnOnce(&mut GraphBuilder)) -> String {
    let mut graph = GraphBuilder::new();
    build(&mut graph);
    graph.compile().expect_err("a faulty graph").to_string()
}

#[test]
fn a_plan_draws_itself() {
    check("frame.dot", &frame().to_dot());
}

#[test]
fn a_plan_describes_itself_to_tools() {
    check("frame.json", &frame().to_json());
}

#[test]
fn row_nodes_fuse_across_what_does_not_concern_them() {
    let mut graph = GraphBuilder::new();
    let position = graph.key("Position", Source::External);
    let camera = graph.key("Camera", Source::External);
    graph.node(NodeDecl::rows("move").writes(position));
    graph.node(NodeDecl::whole("camera").writes(camera));
    graph.node(NodeDecl::rows("bounce").writes(position));
    graph.node(NodeDecl::rows("tint").reads(position).reads_whole(camera));
    graph.node(NodeDecl::rows("age").reads(position));
    let plan = graph.compile().expect("a correct graph");
    // `tint` waits for all of `camera`, which comes after the first group, so it starts another;
    // `age` could join either and takes the newest.
    let names = |group: &Vec<NodeId>| -> Vec<String> {
        group
            .iter()
            .map(|&node| plan.node(node).name.clone())
            .collect()
    };
    let groups: Vec<_> = plan.groups().iter().map(names).collect();
    assert_eq!(groups, [["move", "bounce"], ["tint", "age"]]);
    assert_eq!(plan.tasks().len(), 3);
}

#[test]
fn a_produced_key_lives_from_its_writer_to_its_last_user() {
    let plan = frame();
    let grid = &plan.keys()[3];
    assert_eq!(grid.lifetime, Some(Lifetime { first: 3, last: 4 }));
    assert_eq!(plan.keys()[0].lifetime, None);
}

#[test]
fn an_after_down_the_page_moves_only_what_must_move() {
    let mut graph = GraphBuilder::new();
    graph.node(NodeDecl::whole("a").after("c"));
    graph.node(NodeDecl::whole("b"));
    graph.node(NodeDecl::whole("c"));
    graph.node(NodeDecl::whole("d"));
    let plan = graph.compile().expect("a correct graph");
    let order: Vec<usize> = plan.order().iter().map(|node| node.index()).collect();
    assert_eq!(order, [1, 2, 0, 3]);
}

#[test]
fn an_empty_graph_compiles() {
    let plan = GraphBuilder::new().compile().expect("nothing can be wrong");
    assert!(plan.tasks().is_empty());
    assert_eq!(
        plan.to_dot(),
        "digraph plan {\n    node [fontname=\"sans-serif\"];\n}\n"
    );
}

#[test]
fn two_reads_of_one_key_are_one_access() {
    let mut graph = GraphBuilder::new();
    let key = graph.key("K", Source::External);
    let node = graph.node(NodeDecl::rows("n").reads(key).reads_whole(key));
    let plan = graph.compile().expect("a correct graph");
    assert_eq!(plan.accesses(node).len(), 1);
    assert_eq!(plan.accesses(node)[0].grain, Grain::Whole);
}

#[test]
fn errors_name_nodes_keys_and_cures() {
    let duplicate = error(|graph| {
        graph.node(NodeDecl::rows("move"));
        graph.node(NodeDecl::rows("draw"));
        graph.node(NodeDecl::rows("move"));
    });
    assert_eq!(
        duplicate,
        "two nodes are called `move` (the 1st and the 3rd declared): rename one of them, names \
         are how errors, traces and `after` tell nodes apart"
    );
    let slip = error(|graph| {
        graph.node(NodeDecl::rows("integrate"));
        graph.node(NodeDecl::rows("bounce").after("intergate"));
    });
    assert_eq!(
        slip,
        "`bounce` asks to run after `intergate`, but no node has that name: did you mean \
         `integrate`?"
    );
    let unknown = error(|graph| {
        graph.node(NodeDecl::rows("integrate"));
        graph.node(NodeDecl::rows("bounce").after("gravity"));
    });
    assert_eq!(
        unknown,
        "`bounce` asks to run after `gravity`, but no node has that name: declare it, or drop the \
         `after`"
    );
    let conflict = error(|graph| {
        let position = graph.key("Position", Source::External);
        graph.node(NodeDecl::rows("bounce").writes(position).reads(position));
    });
    assert_eq!(
        conflict,
        "`bounce` accesses `Position` twice, once to write it: keep the one write, which may read \
         as well, or split `bounce` into two nodes"
    );
}

#[test]
fn a_missing_producer_is_named_with_the_node_that_comes_too_late() {
    let nobody = error(|graph| {
        let grid = graph.key("Grid", Source::Produced);
        graph.node(NodeDecl::rows("avoid").reads_whole(grid));
    });
    assert_eq!(
        nobody,
        "`avoid` reads `Grid`, but no node writes it: add a node that writes `Grid` before \
         `avoid`, or make `Grid` external if it is there before the step"
    );
    let late = error(|graph| {
        let grid = graph.key("Grid", Source::Produced);
        graph.node(NodeDecl::rows("avoid").reads_whole(grid));
        graph.barrier("apply");
        graph.node(NodeDecl::whole("build").writes(grid));
    });
    assert_eq!(
        late,
        "`avoid` reads `Grid`, but `build`, which writes it, is declared later: declare `build` \
         before `avoid`"
    );
}

#[test]
fn a_cycle_names_its_path_and_reasons() {
    let long = error(|graph| {
        let position = graph.key("Position", Source::External);
        let image = graph.key("Image", Source::External);
        graph.node(NodeDecl::whole("physics").writes(position).after("draw"));
        graph.node(NodeDecl::whole("extract").reads(position).writes(image));
        graph.node(NodeDecl::whole("unrelated").writes(position));
        graph.node(NodeDecl::whole("draw").reads(image));
    });
    assert_eq!(
        long,
        "`physics` asks to run after `draw`, which must itself run after `physics`: `physics` -> \
         `extract` -> `draw` -> `physics` (`extract` reads `Position`, which `physics` writes \
         before; `draw` reads `Image`, which `extract` writes before; `physics` asks to run after \
         `draw`); drop `after(\"draw\")` from `physics`, or declare `draw` before `physics`"
    );
    let barrier = error(|graph| {
        graph.node(NodeDecl::whole("spawn").after("count"));
        graph.barrier("apply");
        graph.node(NodeDecl::whole("count"));
    });
    assert_eq!(
        barrier,
        "`spawn` asks to run after `count`, which must itself run after `spawn`: `spawn` -> \
         `apply` -> `count` -> `spawn` (`apply` is a barrier below `spawn`; `apply` is a barrier \
         above `count`; `spawn` asks to run after `count`); drop `after(\"count\")` from `spawn`, \
         or declare `count` before `spawn`"
    );
    let itself = error(|graph| {
        graph.node(NodeDecl::whole("spin").after("spin"));
    });
    assert_eq!(itself, "`spin` asks to run after itself: drop that `after`");
}

#[test]
#[should_panic(expected = "use keys of the same builder")]
fn a_foreign_key_is_refused() {
    let key = GraphBuilder::new().key("K", Source::External);
    GraphBuilder::new().node(NodeDecl::rows("n").reads(key));
}

#[test]
fn edges_grow_with_accesses_and_not_with_pairs() {
    let mut graph = GraphBuilder::new();
    let key = graph.key("K", Source::External);
    for n in 0..1_000 {
        let node = NodeDecl::rows(format!("n{n}"));
        graph.node(if n % 100 == 0 {
            node.writes(key)
        } else {
            node.reads(key)
        });
    }
    for n in 0..100 {
        graph.barrier(format!("apply{n}"));
    }
    let plan = graph.compile().expect("a correct graph");
    assert!(plan.edges().len() < 2_200, "{} edges", plan.edges().len());
}

/// Chunks per row node in the model below; two are enough to tell chunk edges from whole ones.
const CHUNKS: usize = 2;

/// For each (node, chunk) the set of those that come after it along the plan's edges, as bits.
fn reach(plan: &Plan) -> Vec<u64> {
    let mut reach = vec![0_u64; plan.nodes().len() * CHUNKS];
    assert!(reach.len() <= 64, "one bit each");
    for edge in plan.edges() {
        for a in 0..CHUNKS {
            for b in (0..CHUNKS).filter(|&b| a == b || edge.grain == EdgeGrain::Whole) {
                reach[unit(edge.from, a)] |= 1 << unit(edge.to, b);
            }
        }
    }
    for via in 0..reach.len() {
        for from in 0..reach.len() {
            if reach[from] >> via & 1 == 1 {
                reach[from] |= reach[via];
            }
        }
    }
    reach
}

fn unit(node: NodeId, chunk: usize) -> usize {
    node.index() * CHUNKS + chunk
}

proptest! {
    #[test]
    fn edges_imply_every_conflict_and_nothing_else(
        drafts in proptest::collection::vec(draft(), 0..14),
    ) {
        let plan = build(&drafts);
        let reach = reach(&plan);
        for from in plan.node_ids() {
            for to in plan.node_ids().filter(|&to| from < to) {
                let Some(grain) = required(&plan, from, to) else { continue };
                for (a, b) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                    if a == b || grain == EdgeGrain::Whole {
                        prop_assert!(
                            reach[unit(from, a)] >> unit(to, b) & 1 == 1,
                            "{from:?}.{a} has to come before {to:?}.{b}"
                        );
                    }
                }
            }
        }
        for edge in plan.edges() {
            let justified = match edge.cause {
                Cause::After => true,
                _ => required(&plan, edge.from, edge.to).is_some_and(|grain| {
                    edge.grain == EdgeGrain::Chunk || grain == EdgeGrain::Whole
                }),
            };
            prop_assert!(justified, "{edge:?}");
        }
    }

    #[test]
    fn tasks_and_groups_respect_every_edge(
        drafts in proptest::collection::vec(draft(), 0..40),
    ) {
        let plan = build(&drafts);
        let place = |node: NodeId| plan.order().iter().position(|&n| n == node);
        let mut seen = vec![0; plan.nodes().len()];
        for (index, task) in plan.tasks().iter().enumerate() {
            for &node in plan.task_nodes(task) {
                seen[node.index()] += 1;
                prop_assert_eq!(plan.node(node).task as usize, index);
                let grouped = matches!(task, Task::Group(_));
                prop_assert_eq!(plan.node(node).kind == NodeKind::Rows, grouped);
            }
        }
        prop_assert!(seen.iter().all(|&times| times == 1));
        for edge in plan.edges() {
            let (from, to) = (plan.node(edge.from), plan.node(edge.to));
            prop_assert!(place(edge.from) < place(edge.to));
            if from.task == to.task {
                prop_assert_eq!(edge.grain, EdgeGrain::Chunk);
                let group = &plan.groups()[from.group.expect("one task, two nodes").index()];
                let member = |node| group.iter().position(|&m| m == node);
                prop_assert!(member(edge.from) < member(edge.to));
            } else {
                prop_assert!(from.task < to.task);
            }
        }
    }

    #[test]
    fn the_same_declarations_give_the_same_plan(
        drafts in proptest::collection::vec(draft(), 0..20),
    ) {
        prop_assert_eq!(build(&drafts).to_json(), build(&drafts).to_json());
    }
}
