//! The engine as the cases use it.

use std::sync::Arc;

use anyhow::{Result, anyhow};
use layerw::{Cx, IntoWhole, Runner, RunnerOptions, Sim};
use layerw_frame_graph::{
    Executor, GraphBuilder, GroupId, NodeDecl, NodeId, Plan, RunOptions, Source, Work,
};
use layerw_jobs::Jobs;

use super::dag::Dag;

/// The plan of a graph: each node writes a key of its own and reads those of the nodes that it waits for.
pub fn plan(dag: &Dag) -> Result<Plan> {
    let mut graph = GraphBuilder::new();
    let keys: Vec<_> = (0..dag.len())
        .map(|node| graph.key(format!("key {node}"), Source::External))
        .collect();
    for node in 0..dag.len() {
        let mut decl = NodeDecl::whole(format!("node {node}")).writes(keys[node]);
        for &before in dag.before(node) {
            decl = decl.reads(keys[before as usize]);
        }
        graph.node(decl);
    }
    Ok(graph.compile()?)
}

/// A graph on the engine's executor.
pub struct Graph<F> {
    executor: Executor,
    jobs: Jobs,
    work: Body<F>,
}

struct Body<F>(F);

impl<F: Fn(usize) + Sync> Work for Body<F> {
    fn run(&self, node: NodeId, _worker: usize) {
        (self.0)(node.index());
    }

    fn chunks(&self, _group: GroupId) -> usize {
        0
    }

    fn run_chunk(&self, _node: NodeId, _chunk: usize, _worker: usize) {}
}

impl<F: Fn(usize) + Sync> Graph<F> {
    pub fn new(dag: &Arc<Dag>, jobs: &Jobs, body: F) -> Result<Graph<F>> {
        let executor = Executor::new(&plan(dag)?, jobs.threads());
        Ok(Graph {
            executor,
            jobs: jobs.clone(),
            work: Body(body),
        })
    }

    /// Runs all nodes once.
    pub fn run(&mut self) -> Result<()> {
        let done = self
            .executor
            .run(&self.jobs, &self.work, RunOptions::default());
        done.map_err(|failure| anyhow!("{failure}"))
    }
}

/// A runner whose step calls `f` as a system, with its context: for what systems do inside.
pub fn inside(jobs: &Jobs, f: impl Fn(Cx<'_>) + Send + Sync + 'static) -> Result<Runner> {
    let mut sim = Sim::new();
    sim.system((move |cx: Cx| f(cx)).named("inside"));
    runner(sim, jobs)
}

/// A simulation on workers.
pub fn runner(sim: Sim, jobs: &Jobs) -> Result<Runner> {
    Ok(Runner::new(sim, jobs, RunnerOptions::default())?)
}

/// A pool of the engine's, its workers each on a CPU of its own.
pub fn jobs(threads: usize) -> Result<Jobs> {
    Ok(Jobs::builder().threads(threads).pin(true).build()?)
}

/// A step. A panic in a system is one here.
#[inline]
pub fn step(runner: &mut Runner) {
    runner.step().unwrap_or_else(|error| panic!("{error}"));
}
