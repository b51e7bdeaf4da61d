use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::path::Path;

use layerw_platform::files::{Draft, Files, InMemory};

use super::*;

const PATH: &str = "a.recording";

fn header() -> Header {
    let info = |name: &str| ComponentInfo {
        name: name.to_owned(),
        layout: format!("{:016x}", name.len()),
    };
    let system = |name: &str, writes: &[&str]| SystemInfo {
        name: name.to_owned(),
        writes: writes.iter().map(|&name| name.to_owned()).collect(),
    };
    Header {
        identity: Identity {
            engine: "1".into(),
            project: "test".into(),
            settings: BTreeMap::from([("boids".to_owned(), "3".to_owned())]),
            seed: 7,
            dt: 0.1,
        },
        first_step: 0,
        every: 1,
        detail: true,
        components: vec![info("Position"), info("Velocity")],
        systems: vec![
            system("gravity", &["Velocity"]),
            system("integrate", &["Position"]),
            system("bounce", &["Position", "Velocity"]),
        ],
    }
}

/// What a test may change in a recording of four entities.
#[derive(Clone, Debug)]
struct Plan {
    header: Header,
    steps: u64,
    /// From this step on the state of `component` differs, first by `system`, in rows `entities`.
    fault: Option<Fault>,
}

#[derive(Clone, Debug)]
struct Fault {
    step: u64,
    system: Option<u32>,
    component: &'static str,
    entities: Vec<u64>,
}

impl Plan {
    fn new() -> Plan {
        Plan {
            header: header(),
            steps: 5,
            fault: None,
        }
    }

    fn plain(mut self) -> Plan {
        self.header.detail = false;
        self
    }

    fn fault(
        mut self,
        step: u64,
        system: Option<u32>,
        component: &'static str,
        entities: &[u64],
    ) -> Plan {
        self.fault = Some(Fault {
            step,
            system,
            component,
            entities: entities.to_vec(),
        });
        self
    }

    fn faulty(&self, step: u64, system: Option<u32>, component: &str) -> bool {
        self.fault.as_ref().is_some_and(|fault| {
            let by_then = system.is_none()
                || fault
                    .system
                    .is_some_and(|first| first <= system.unwrap_or(0));
            component == fault.component && (step > fault.step || step == fault.step && by_then)
        })
    }

    fn component(&self, step: u64, system: Option<u32>, component: &str) -> u128 {
        let fault = if self.faulty(step, system, component) {
            1 << 64
        } else {
            0
        };
        u128::from(step) << 8 | component.len() as u128 | fault
    }

    fn write(&self, files: &InMemory, path: &str) {
        let draft = files.create(Path::new(path)).expect("a draft");
        let mut writer = Writer::new(draft, &self.header).expect("written");
        let systems = self.header.systems.clone();
        for step in (self.header.first_step..=self.header.first_step + self.steps)
            .step_by(self.header.every as usize)
        {
            if self.header.detail {
                for (system, info) in (0..)
                    .zip(&systems)
                    .filter(|_| step > self.header.first_step)
                {
                    let written = info.writes.iter();
                    let hashes = written
                        .map(|name| (name.as_str(), self.component(step, Some(system), name)));
                    writer.system(system, hashes).expect("written");
                }
                for name in ["Position", "Velocity"] {
                    let rows = (1..=4).map(|index| RowHash {
                        entity: 1 << 32 | index,
                        hash: match &self.fault {
                            Some(fault)
                                if self.faulty(step, None, name)
                                    && fault.entities.contains(&index) =>
                            {
                                index + 100
                            }
                            _ if name == "Position" => index + step,
                            _ => index,
                        },
                    });
                    writer.rows(name, rows).expect("written");
                }
            }
            let components =
                ["Position", "Velocity"].map(|name| (name, self.component(step, None, name)));
            let hash = components.iter().map(|(_, hash)| hash).sum();
            writer
                .step(step, hash, components.into_iter())
                .expect("written");
        }
        writer.finish().expect("closed");
    }
}

fn bytes(plan: &Plan) -> Vec<u8> {
    let files = InMemory::default();
    plan.write(&files, PATH);
    files.read(Path::new(PATH)).expect("the recording")
}

fn put(files: &InMemory, path: &str, bytes: &[u8]) {
    let mut draft = files.create(Path::new(path)).expect("a draft");
    draft.write_all(bytes).expect("written");
    draft.commit().expect("closed");
}

fn read_all(bytes: &[u8]) -> Result<Vec<StepRecord>, RecordingError> {
    let files = InMemory::default();
    put(&files, PATH, bytes);
    let mut reader: Reader<Cursor<Vec<u8>>> = Reader::open(&files, Path::new(PATH))?;
    let mut steps = Vec::new();
    while let Some(step) = reader.next_step()? {
        steps.push(step);
    }
    Ok(steps)
}

fn told(a: &Plan, b: &Plan) -> String {
    let files = InMemory::default();
    a.write(&files, "a");
    b.write(&files, "b");
    let mut a = Reader::open(&files, Path::new("a")).expect("sound");
    let mut b = Reader::open(&files, Path::new("b")).expect("sound");
    diff(&mut a, &mut b).expect("sound").to_string()
}

#[test]
fn what_is_written_is_read() {
    let plan = Plan::new();
    let steps = read_all(&bytes(&plan)).expect("sound");
    assert_eq!(steps.len(), 6, "the beginning and five steps");
    let last = &steps[5];
    assert_eq!((last.step, last.systems.len()), (5, 3));
    assert_eq!(
        last.components[0],
        ("Position".into(), plan.component(5, None, "Position"))
    );
    assert_eq!(
        last.systems[1].components,
        [("Position".into(), plan.component(5, Some(1), "Position"))]
    );
    assert_eq!(
        last.rows["Position"][3],
        RowHash {
            entity: 1 << 32 | 4,
            hash: 9
        }
    );
    assert_eq!(
        last.rows["Velocity"][3],
        RowHash {
            entity: 1 << 32 | 4,
            hash: 4
        }
    );
}

#[test]
fn unchanged_rows_are_written_once() {
    let (with, without) = (bytes(&Plan::new()), bytes(&Plan::new().plain()));
    assert!(with.len() > without.len());
    let rows = |plan: &Plan| {
        let text = bytes(plan);
        // Position changes with every step, Velocity never: six blocks and one.
        text.windows(2)
            .filter(|pair| pair == &[4, 4 + 4 * 16])
            .count()
    };
    assert_eq!(rows(&Plan::new()), 7);
}

#[test]
fn every_cut_is_found() {
    let whole = bytes(&Plan::new());
    for end in 0..whole.len() {
        let error = read_all(&whole[..end]).expect_err("a cut file");
        match error {
            RecordingError::Foreign { .. } => assert_eq!(end, 0),
            RecordingError::Truncated { offset, .. } => assert!(offset <= end as u64, "{end}"),
            other => panic!("{end}: {other}"),
        }
    }
}

#[test]
fn every_changed_byte_is_found() {
    let whole = bytes(&Plan::new());
    for at in 0..whole.len() {
        for change in [1, 0x80, 0xff] {
            let mut changed = whole.clone();
            changed[at] ^= change;
            let error = read_all(&changed).expect_err("a changed file");
            let right = match error {
                RecordingError::Foreign { .. } => at < 8,
                RecordingError::Version { .. } => (8..12).contains(&at),
                RecordingError::Truncated { offset, .. }
                | RecordingError::Damaged { offset, .. } => offset <= at as u64,
                RecordingError::File(_) => false,
            };
            assert!(right, "byte {at}: {error}");
        }
    }
}

#[test]
fn blocks_cannot_be_left_out_doubled_or_appended() {
    let whole = bytes(&Plan::new());
    let mut starts = vec![12];
    while let Some(&[_, a, b, c, d]) = whole
        .get(starts[starts.len() - 1]..)
        .and_then(|rest| rest.first_chunk::<5>())
    {
        starts.push(starts[starts.len() - 1] + 13 + u32::from_le_bytes([a, b, c, d]) as usize);
    }
    for pair in starts.windows(2) {
        let block = &whole[pair[0]..pair[1]];
        let without = [&whole[..pair[0]], &whole[pair[1]..]].concat();
        let doubled = [&whole[..pair[1]], block, &whole[pair[1]..]].concat();
        assert!(
            read_all(&without).is_err(),
            "without the block at {}",
            pair[0]
        );
        assert!(
            read_all(&doubled).is_err(),
            "with the block at {} twice",
            pair[0]
        );
    }
    assert!(read_all(&[whole.as_slice(), b"x"].concat()).is_err());
}

#[test]
fn errors_name_file_place_and_cure() {
    let whole = bytes(&Plan::new().plain());
    let message = |bytes: &[u8]| read_all(bytes).expect_err("unsound").to_string();
    assert_eq!(
        message(b"PNG"),
        "`a.recording` is no recording; give a file that `run --record` wrote"
    );
    assert_eq!(
        message(b"LAYERWRC\x09\0\0\0"),
        "`a.recording` is a recording of format 9, and this program reads formats 1 to 2; use the engine that wrote it, or record again"
    );
    assert_eq!(
        message(&whole[..20]),
        "`a.recording` is cut off: the block at byte 12 is not whole; copy it again, or record again"
    );
    let mut changed = whole.clone();
    changed[30] ^= 1;
    assert_eq!(
        message(&changed),
        "`a.recording` is damaged at byte 12: the checksum is wrong; copy it again, or record again"
    );
    let mut behind = whole;
    let end = behind.len();
    behind.push(0);
    assert_eq!(
        message(&behind),
        format!(
            "`a.recording` is damaged at byte {end}: something stands behind its end; copy it again, or record again"
        )
    );
}

#[test]
fn equal_recordings_are_equal() {
    let sentence =
        "equal: 6 states, the last after step 5 with hash 00000000000000000000000000000a10";
    assert_eq!(told(&Plan::new(), &Plan::new()), sentence);
    assert_eq!(
        told(&Plan::new(), &Plan::new().plain()),
        sentence,
        "detail is not a difference"
    );
    let mut sparse = Plan::new().plain();
    sparse.header.every = 5;
    assert_eq!(
        told(&sparse, &Plan::new()),
        "equal: 2 states, the last after step 5 with hash 00000000000000000000000000000a10"
    );
}

#[test]
fn the_first_difference_is_told_with_step_system_component_and_entity() {
    let fault = Plan::new().fault(3, Some(1), "Position", &[2, 3]);
    assert_eq!(
        told(&Plan::new(), &fault),
        "different at step 3\n\
         hash       00000000000000000000000000000610 and 00000000000000010000000000000610\n\
         system     integrate\n\
         component  Position\n\
         entity     2v1, by its Position; 2 entities differ"
    );
    let commands = Plan::new().fault(3, None, "Velocity", &[4]);
    assert_eq!(
        told(&Plan::new(), &commands),
        "different at step 3\n\
         hash       00000000000000000000000000000610 and 00000000000000010000000000000610\n\
         system     none: the commands applied at the end of the step\n\
         component  Velocity\n\
         entity     4v1, by its Velocity"
    );
    let beginning = Plan::new().fault(0, Some(0), "Velocity", &[1]);
    assert_eq!(
        told(&Plan::new(), &beginning),
        "different at step 0\n\
         hash       00000000000000000000000000000010 and 00000000000000010000000000000010\n\
         system     none: the runs begin in different states\n\
         component  Velocity\n\
         entity     1v1, by its Velocity"
    );
}

#[test]
fn without_detail_the_systems_that_may_be_guilty_are_told() {
    let fault = Plan::new().fault(3, Some(1), "Position", &[2, 3]);
    assert_eq!(
        told(&Plan::new().plain(), &fault),
        "different at step 3\n\
         hash       00000000000000000000000000000610 and 00000000000000010000000000000610\n\
         system     one of integrate, bounce, which declare to write it; --record-detail tells\n\
         component  Position\n\
         entity     not recorded; --record-detail tells"
    );
    let mut sparse = Plan::new().plain();
    sparse.header.every = 5;
    assert_eq!(
        told(&sparse, &fault),
        "different at step 5, equal at step 0, and nothing is recorded between\n\
         hash       00000000000000000000000000000a10 and 00000000000000010000000000000a10\n\
         system     one of integrate, bounce, which declare to write it; --record-detail tells\n\
         component  Position\n\
         entity     not recorded; --record-detail tells"
    );
}

#[test]
fn runs_that_cannot_be_equal_are_told_apart_first() {
    let mut other = Plan::new();
    other.header.identity.seed = 8;
    other.header.components[0].layout = "0".into();
    assert_eq!(
        told(&Plan::new(), &other),
        "different runs: seed 7 and 8, the fields of component `Position`"
    );
    let mut longer = Plan::new();
    longer.steps = 7;
    assert_eq!(
        told(&Plan::new(), &longer),
        "equal up to step 5, where `a` ends and `b` goes on"
    );
    assert_eq!(
        told(&longer, &Plan::new()),
        "equal up to step 5, where `b` ends and `a` goes on"
    );
}

#[test]
fn rows_that_come_go_and_move_are_told() {
    let row = |entity: u64| RowHash {
        entity: 1 << 32 | entity,
        hash: entity,
    };
    let recording = |path: &str, files: &InMemory, rows: &[RowHash], hash: u128| {
        let mut writer = Writer::new(files.create(Path::new(path)).expect("a draft"), &header())
            .expect("written");
        writer.step(0, 0, std::iter::empty()).expect("written");
        writer
            .rows("Position", rows.iter().copied())
            .expect("written");
        writer
            .step(1, hash, [("Position", hash)].into_iter())
            .expect("written");
        writer.finish().expect("closed");
    };
    for (a, b, told) in [
        (
            vec![row(1), row(2)],
            vec![row(2), row(1)],
            "none: the rows of Position stand in another order",
        ),
        (
            vec![row(1), row(2)],
            vec![row(1)],
            "2v1, by its Position, which only the first recording has",
        ),
        (
            vec![row(1)],
            vec![row(1), row(2), row(3)],
            "2v1, by its Position, which only the second recording has; 2 entities differ",
        ),
    ] {
        let files = InMemory::default();
        recording("a", &files, &a, 1);
        recording("b", &files, &b, 2);
        let mut a = Reader::open(&files, Path::new("a")).expect("sound");
        let mut b = Reader::open(&files, Path::new("b")).expect("sound");
        let verdict = diff(&mut a, &mut b).expect("sound").to_string();
        assert!(
            verdict.ends_with(&format!("\nentity     {told}")),
            "{verdict}"
        );
    }
}
