//! The figures of a run, as JSON.

mod memory;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::frame_times::FrameMilliseconds;
use crate::gpu::GpuFigures;
use crate::scripts::ScriptFigures;

pub(crate) use memory::{
    ArenaFigures, LimitFigures, MemoryFigures, PoolFigures, RegionFigures, pools, regions,
};

/// What `--report` writes, before the project's own keys.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) project: String,
    /// Version of the engine.
    pub(crate) engine: &'static str,
    /// When it was written, UTC.
    pub(crate) date: String,
    pub(crate) host: &'static str,
    pub(crate) threads: usize,
    /// Steps done in this call.
    pub(crate) frames: u64,
    /// Whether a signal ended the run before its last step.
    pub(crate) stopped: bool,
    /// Steps done since the simulation's beginning.
    pub(crate) step: u64,
    /// State hash after the last step, 32 hexadecimal digits.
    pub(crate) hash: String,
    pub(crate) seed: u64,
    /// Simulated seconds a step.
    pub(crate) dt: f64,
    pub(crate) settings: BTreeMap<String, String>,
    /// Of the whole loop: steps, hashing, recording.
    pub(crate) wall_seconds: f64,
    pub(crate) frame_ms: FrameMilliseconds,
    /// Calls of the global allocator per step, from step 60 of this call to the end of the loop, on all threads.
    pub(crate) allocations_per_frame: Option<f64>,
    /// Why there is no such number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) allocations_per_frame_missing: Option<&'static str>,
    /// What is kept of past steps, where they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rewind: Option<RewindFigures>,
    pub(crate) memory: ArenaFigures,
    pub(crate) pools: Vec<PoolFigures>,
    /// Who holds what of the pools at the end.
    pub(crate) regions: Vec<RegionFigures>,
    pub(crate) systems: Vec<SystemFigures>,
    /// Each worker, the first the engine's own.
    pub(crate) workers: Vec<WorkerFigures>,
    /// Scripts of the project.
    pub(crate) scripts: Vec<ScriptFigures>,
    /// GPU passes of the project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) gpu: Option<GpuFigures>,
    /// The window, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) window: Option<WindowFigures>,
}

/// Pictures shown in a window.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct WindowFigures {
    pub(crate) frames: u64,
    /// From one to the next, with the wait for the display.
    pub(crate) frame_ms: FrameMilliseconds,
    /// Steps left out because the machine came too late for them.
    pub(crate) steps_dropped: u64,
}

/// Past steps that the run could go back to at its end, and the bytes of what was written since.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct RewindFigures {
    pub(crate) steps: usize,
    /// The first of them.
    pub(crate) oldest: Option<u64>,
    pub(crate) bytes: u64,
    pub(crate) peak: u64,
    pub(crate) budget: u64,
    /// Steps dropped before their time, because the budget did not suffice.
    pub(crate) dropped: u64,
}

/// A worker, and how many runs of systems, on a chunk or whole, and parts of them it did.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct WorkerFigures {
    pub(crate) runs: u64,
}

/// A system: runs, and milliseconds in all of them together, summed over workers.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct SystemFigures {
    pub(crate) name: String,
    pub(crate) calls: u64,
    pub(crate) ms: f64,
    /// Most bytes of scratch that it took in one step, over all its runs.
    pub(crate) scratch_peak: u64,
    /// What layerw.toml lets it take.
    pub(crate) scratch_budget: Option<u64>,
    /// Steps in which it took more.
    pub(crate) scratch_over: u64,
}

/// A project's own key is one of the report's.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the project adds `{key}` to the report, which has a key of that name; choose another")]
pub struct TakenKey {
    /// The key.
    pub key: String,
}

impl Report {
    /// The report with the project's own top-level keys behind its own.
    ///
    /// # Errors
    /// A key is taken.
    pub(crate) fn to_json(&self, project: Map<String, Value>) -> Result<Vec<u8>, TakenKey> {
        let own = serde_json::to_value(self).expect("a report has nothing that JSON lacks");
        let Value::Object(mut all) = own else {
            unreachable!("a struct becomes an object");
        };
        for (key, value) in project {
            if all.contains_key(&key) {
                return Err(TakenKey { key });
            }
            all.insert(key, value);
        }
        Ok(json(&all).into_bytes())
    }
}

/// JSON that a person can read, with a newline at its end.
pub(crate) fn json(value: &impl Serialize) -> String {
    let mut json =
        serde_json::to_string_pretty(value).expect("figures have nothing that JSON lacks");
    json.push('\n');
    json
}

#[cfg(test)]
mod tests {
    use super::*;
    use layerw_memory::{Arena, MemoryConfig};
    use serde_json::json;

    fn report() -> Report {
        let arena = Arena::new(&MemoryConfig::with_total(1 << 20)).expect("a small arena");
        let world = arena.logic().owner("world", 1 << 17).expect("a name");
        arena.logic().reserve(world, 1).expect("room");
        Report {
            project: "test".into(),
            engine: "1",
            date: "2000-01-01T00:00:00Z".into(),
            host: "linux-x86_64",
            threads: 2,
            frames: 3,
            stopped: false,
            step: 3,
            hash: "0".repeat(32),
            seed: 7,
            dt: 0.5,
            settings: BTreeMap::from([("boids".to_owned(), "5".to_owned())]),
            wall_seconds: 1.5,
            frame_ms: FrameMilliseconds {
                p50: Some(1.0),
                p99: Some(2.0),
                max: None,
            },
            allocations_per_frame: None,
            allocations_per_frame_missing: Some("fewer than 61 frames"),
            rewind: None,
            memory: ArenaFigures::of(&arena, None),
            pools: pools(&arena),
            regions: regions(&arena),
            systems: vec![SystemFigures {
                name: "gravity".into(),
                calls: 3,
                ms: 0.5,
                scratch_peak: 64,
                scratch_budget: None,
                scratch_over: 0,
            }],
            workers: vec![WorkerFigures { runs: 3 }],
            scripts: Vec::new(),
            gpu: None,
            window: None,
        }
    }

    #[test]
    fn the_projects_keys_stand_beside_the_reports() {
        let project = Map::from_iter([("error_km".to_owned(), json!({"moon": 17.0}))]);
        let json = report().to_json(project).expect("a free key");
        let value: Value = serde_json::from_slice(&json).expect("JSON");
        assert_eq!(value["error_km"]["moon"], 17.0);
        assert_eq!(
            value["frame_ms"],
            json!({"p50": 1.0, "p99": 2.0, "max": null})
        );
        assert_eq!(value["allocations_per_frame"], Value::Null);
        assert_eq!(
            value["allocations_per_frame_missing"],
            "fewer than 61 frames"
        );
        assert_eq!(
            value["systems"],
            json!([{
                "name": "gravity", "calls": 3, "ms": 0.5,
                "scratch_peak": 64, "scratch_budget": null, "scratch_over": 0,
            }])
        );
        assert_eq!(
            (&value["memory"]["total"], &value["memory"]["reduced_from"]),
            (&json!(1 << 20), &Value::Null)
        );
        assert_eq!(
            value["pools"][0],
            json!({
                "name": "logic", "used": 65_536, "peak": 65_536, "budget": 524_288,
                "free": 458_752, "longest_free": 458_752,
                "pressure": {"recycles": 0, "recycled": 0, "degrades": 0, "degraded": 0, "refusals": 0},
            })
        );
        assert_eq!(
            value["regions"],
            json!([{
                "pool": "logic", "owner": "world", "used": 65_536, "peak": 65_536, "budget": 131_072,
                "runs": 1, "frame": 0,
            }])
        );
        assert_eq!(value["settings"], json!({"boids": "5"}));
        assert_eq!(value["scripts"], json!([]));
    }

    #[test]
    fn a_taken_key_is_refused() {
        let project = Map::from_iter([("hash".to_owned(), json!(1))]);
        let error = report().to_json(project).expect_err("a taken key");
        assert_eq!(
            error.to_string(),
            "the project adds `hash` to the report, which has a key of that name; choose another"
        );
    }
}
