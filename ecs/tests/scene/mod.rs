//! A world, its systems and their workers, as several of the tests drive them.

use layerw_ecs::World;
use layerw_ecs::schedule::{Entry, Failure, Schedule};
use layerw_ecs::workers::Workers;
use layerw_frame_graph::RunOptions;
use layerw_jobs::Jobs;

/// What a step needs.
pub struct Scene {
    pub world: World,
    pub schedule: Schedule,
    pub workers: Workers,
    pub jobs: Jobs,
}

impl Scene {
    /// On so many workers, of which this thread is the first.
    pub fn new(threads: usize, mut world: World, entries: Vec<Entry>) -> Scene {
        let jobs = Jobs::new(threads).expect("as many workers as asked for");
        let schedule =
            Schedule::new(entries, &mut world, threads).expect("the systems form a graph");
        let workers = Workers::new(world.arena(), threads, 1 << 20).expect("room for scratch");
        Scene {
            world,
            schedule,
            workers,
            jobs,
        }
    }

    /// One step, as the engine does it.
    pub fn step(&mut self) -> Result<(), Failure> {
        let frame = self.world.step() as u32 + 1;
        self.world.arena().begin_frame(frame);
        let options = RunOptions::default();
        self.schedule
            .step(&mut self.world, &self.jobs, &mut self.workers, options)
    }
}
