//! The first place where two recordings differ.
//!
//! How much can be said depends on what was recorded. Without detail the step and the component are known, and the systems that may write the component.
//! With detail the first system whose result differs is known, and the rows at the end of the step, hence the entity.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

use layerw_ecs::Entity;

use super::{Header, Part, Reader, RecordingError, RowHash, StepRecord};

/// What a comparison found.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    /// Nothing that differs.
    Equal {
        /// Steps compared.
        steps: u64,
        /// The last of them, and the hash after it.
        last: u64,
        hash: u128,
    },
    /// The runs were not meant to be equal.
    Runs { differences: Vec<String> },
    /// Equal as far as the shorter one goes.
    Lengths {
        shorter: PathBuf,
        longer: PathBuf,
        last: u64,
    },
    /// No step stands in both.
    Disjoint,
    /// The first step that differs.
    Step(Box<Difference>),
}

/// The first step that differs.
#[derive(Debug, PartialEq)]
pub(crate) struct Difference {
    step: u64,
    /// The last step that is equal.
    before: Option<u64>,
    hashes: (u128, u128),
    /// None where all components are equal, and the tables that steer later steps are not.
    component: Option<Arc<str>>,
    cause: Cause,
    rows: Rows,
}

/// Who made the difference.
#[derive(Debug, PartialEq)]
enum Cause {
    /// The state before the first step differs already.
    Beginning,
    /// This system's result is the first that differs.
    System(String),
    /// All systems' results are equal: commands, applied at the step's end.
    Commands,
    /// One of these systems, which declare to write the component.
    Among(Vec<String>),
}

/// Whose rows differ.
#[derive(Debug, PartialEq)]
enum Rows {
    Unrecorded,
    /// None does: the difference is a resource's, an event's or a table's, or was overwritten within the step.
    Equal,
    /// The first entity, and how many do.
    Entity {
        component: Arc<str>,
        entity: u64,
        presence: Presence,
        count: usize,
    },
    /// The same rows in another order.
    Order {
        component: Arc<str>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Presence {
    Both,
    OnlyA,
    OnlyB,
}

/// Compares two recordings as far as the first difference.
///
/// # Errors
/// A recording cannot be read, is cut or damaged.
pub(crate) fn diff<R: Read>(
    a: &mut Reader<R>,
    b: &mut Reader<R>,
) -> Result<Verdict, RecordingError> {
    let differences = differences(a.header(), b.header());
    if !differences.is_empty() {
        return Ok(Verdict::Runs { differences });
    }
    let mut equal: Option<(u64, u64, u128)> = None;
    let (mut next_a, mut next_b) = (a.next_step()?, b.next_step()?);
    loop {
        match (&next_a, &next_b) {
            (Some(one), Some(other)) if one.step == other.step => {
                if *one != strip(other, one) {
                    let found = Difference::new(a.header(), b.header(), one, other, equal);
                    return Ok(Verdict::Step(Box::new(found)));
                }
                let steps = equal.map_or(0, |(steps, ..)| steps);
                equal = Some((steps + 1, one.step, one.hash));
                (next_a, next_b) = (a.next_step()?, b.next_step()?);
            }
            // Recorded in one of them only, with another --hash-every.
            (Some(one), Some(other)) if one.step < other.step => next_a = a.next_step()?,
            (Some(_), Some(_)) => next_b = b.next_step()?,
            (None, None) => break,
            (Some(_), None) | (None, Some(_)) => {
                let Some((_, last, _)) = equal else {
                    break;
                };
                // What is left must be sound, too.
                while a.next_step()?.is_some() || b.next_step()?.is_some() {}
                let paths = (a.path().to_owned(), b.path().to_owned());
                let (longer, shorter) = match next_b {
                    None => paths,
                    Some(_) => (paths.1, paths.0),
                };
                return Ok(Verdict::Lengths {
                    shorter,
                    longer,
                    last,
                });
            }
        }
    }
    Ok(match equal {
        Some((steps, last, hash)) => Verdict::Equal { steps, last, hash },
        None => Verdict::Disjoint,
    })
}

/// What keeps two runs from being comparable.
fn differences(a: &Header, b: &Header) -> Vec<String> {
    let mut found = a.identity.differences(&b.identity);
    if a.first_step != b.first_step {
        found.push(format!("first step {} and {}", a.first_step, b.first_step));
    }
    for component in &a.components {
        let other = b
            .components
            .iter()
            .find(|other| other.name == component.name);
        if other.is_some_and(|other| other.layout != component.layout) {
            found.push(format!("the fields of component `{}`", component.name));
        }
    }
    found
}

/// `other` with the detail that `one` lacks left out, so that a recording with detail can be compared with one without.
fn strip(other: &StepRecord, one: &StepRecord) -> StepRecord {
    let mut stripped = other.clone();
    if one.systems.is_empty() || stripped.systems.is_empty() {
        stripped.systems.clone_from(&one.systems);
    }
    if one.rows.is_empty() || stripped.rows.is_empty() {
        stripped.rows.clone_from(&one.rows);
    }
    stripped
}

impl Difference {
    fn new(
        header_a: &Header,
        header_b: &Header,
        a: &StepRecord,
        b: &StepRecord,
        equal: Option<(u64, u64, u128)>,
    ) -> Difference {
        let first_system = first_system(a, b);
        let at_end = first_component(&a.components, &b.components);
        let component = match &first_system {
            Some((_, component)) => Some(component.clone()),
            None => at_end.clone(),
        };
        let detailed = header_a.detail && header_b.detail;
        let cause = match (first_system, &component) {
            _ if a.step == header_a.first_step => Cause::Beginning,
            (Some((system, _)), _) => {
                let name = |info: &super::SystemInfo| info.name.clone();
                Cause::System(
                    header_a
                        .systems
                        .get(system as usize)
                        .map_or_else(String::new, name),
                )
            }
            (None, _) if detailed => Cause::Commands,
            (None, component) => Cause::Among(writers(header_a, component.as_deref())),
        };
        let rows = if detailed {
            let first = component
                .iter()
                .chain(&at_end)
                .chain(a.rows.keys())
                .chain(b.rows.keys());
            let mut found =
                first.map(|name| compare_rows(name, a.rows.get(name), b.rows.get(name)));
            found
                .find(|rows| *rows != Rows::Equal)
                .unwrap_or(Rows::Equal)
        } else {
            Rows::Unrecorded
        };
        Difference {
            step: a.step,
            before: equal.map(|(_, step, _)| step),
            hashes: (a.hash, b.hash),
            component,
            cause,
            rows,
        }
    }
}

/// The first system whose result differs, and the component.
fn first_system(a: &StepRecord, b: &StepRecord) -> Option<(u32, Arc<str>)> {
    let mut pairs = a.systems.iter().zip(&b.systems);
    pairs.find_map(|(one, other)| {
        let component = first_component(&one.components, &other.components)?;
        Some((one.system, component))
    })
}

/// The first component that is not in both with the same hash.
pub(crate) fn first_component(a: &[Part], b: &[Part]) -> Option<Arc<str>> {
    let only_in = |from: &[Part], of: &[Part]| {
        let missing = from.iter().find(|entry| !of.contains(entry));
        missing.map(|(name, _)| name.clone())
    };
    only_in(a, b).or_else(|| only_in(b, a))
}

fn writers(header: &Header, component: Option<&str>) -> Vec<String> {
    let Some(component) = component else {
        return Vec::new();
    };
    let writes = |system: &&super::SystemInfo| system.writes.iter().any(|name| name == component);
    let names = header.systems.iter().filter(writes);
    names.map(|system| system.name.clone()).collect()
}

fn compare_rows(
    component: &Arc<str>,
    a: Option<&Arc<[RowHash]>>,
    b: Option<&Arc<[RowHash]>>,
) -> Rows {
    let (a, b) = (
        a.map_or(&[][..], |rows| rows),
        b.map_or(&[][..], |rows| rows),
    );
    if a == b {
        return Rows::Equal;
    }
    let by_entity = |rows: &[RowHash]| -> BTreeMap<u64, u64> {
        rows.iter().map(|row| (row.entity, row.hash)).collect()
    };
    let (in_a, in_b) = (by_entity(a), by_entity(b));
    let from_a = a.iter().filter_map(|row| match in_b.get(&row.entity) {
        Some(hash) if *hash == row.hash => None,
        Some(_) => Some((row.entity, Presence::Both)),
        None => Some((row.entity, Presence::OnlyA)),
    });
    let only_b = b.iter().filter(|row| !in_a.contains_key(&row.entity));
    let only_b = only_b.map(|row| (row.entity, Presence::OnlyB));
    let mut differing = from_a.chain(only_b);
    match differing.next() {
        None => Rows::Order {
            component: component.clone(),
        },
        Some((entity, presence)) => Rows::Entity {
            component: component.clone(),
            entity,
            presence,
            count: 1 + differing.count(),
        },
    }
}

impl Verdict {
    /// Whether nothing differs.
    pub(crate) fn is_equal(&self) -> bool {
        matches!(self, Verdict::Equal { .. })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Equal { steps, last, hash } => {
                write!(
                    f,
                    "equal: {steps} states, the last after step {last} with hash {hash:032x}"
                )
            }
            Verdict::Runs { differences } => {
                write!(f, "different runs: {}", differences.join(", "))
            }
            Verdict::Lengths {
                shorter,
                longer,
                last,
            } => write!(
                f,
                "equal up to step {last}, where `{}` ends and `{}` goes on",
                shorter.display(),
                longer.display()
            ),
            Verdict::Disjoint => write!(f, "no step is recorded in both"),
            Verdict::Step(difference) => difference.fmt(f),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "different at step {}", self.step)?;
        if let Some(before) = self.before.filter(|before| before + 1 < self.step) {
            write!(
                f,
                ", equal at step {before}, and nothing is recorded between"
            )?;
        }
        write!(
            f,
            "\nhash       {:032x} and {:032x}",
            self.hashes.0, self.hashes.1
        )?;
        write!(f, "\nsystem     {}", self.cause)?;
        match &self.component {
            Some(name) => write!(f, "\ncomponent  {name}")?,
            None => write!(
                f,
                "\ncomponent  all are equal; the tables of entities, archetypes or events differ"
            )?,
        }
        write!(f, "\nentity     {}", self.rows)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Beginning => write!(f, "none: the runs begin in different states"),
            Cause::System(name) => write!(f, "{name}"),
            Cause::Commands => write!(f, "none: the commands applied at the end of the step"),
            Cause::Among(names) => {
                match names.as_slice() {
                    [] => write!(
                        f,
                        "none declares to write it, so an exclusive one or commands"
                    )?,
                    [one] => write!(f, "{one}, the only one that declares to write it")?,
                    some => write!(f, "one of {}, which declare to write it", some.join(", "))?,
                }
                write!(f, "; --record-detail tells")
            }
        }
    }
}

impl fmt::Display for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rows::Unrecorded => write!(f, "not recorded; --record-detail tells"),
            Rows::Equal => write!(f, "none: no row differs at the end of the step"),
            Rows::Order { component } => {
                write!(f, "none: the rows of {component} stand in another order")
            }
            Rows::Entity {
                component,
                entity,
                presence,
                count,
            } => {
                match Entity::from_bits(*entity) {
                    Some(entity) => write!(f, "{entity}")?,
                    None => write!(f, "{entity:#x}, which is no entity")?,
                }
                write!(f, ", by its {component}")?;
                match presence {
                    Presence::Both => {}
                    Presence::OnlyA => write!(f, ", which only the first recording has")?,
                    Presence::OnlyB => write!(f, ", which only the second recording has")?,
                }
                match count {
                    1 => Ok(()),
                    _ => write!(f, "; {count} entities differ"),
                }
            }
        }
    }
}
