//! A script: loaded once, bound to a world, watched while it runs.

use super::cell::Cell;
use super::engine::{Form, mapping};
use super::program::Program;
use super::system::ScriptSystem;
use super::{Columns, Fault, Options, ScriptError};
use crate::abi::{self, Manifest};
use layerw_ecs::system::SystemDecl;
use layerw_ecs::whole::Applying;
use layerw_ecs::{EcsError, World};
use layerw_memory::{Arena, Backing, MemoryConfig};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A module with its manifest, checked, compiled and tried. Clones share it.
#[derive(Clone)]
pub struct Script {
    shared: Arc<Shared>,
}

/// What the systems of a script have in common.
pub(super) struct Shared {
    pub(super) program: Program,
    /// Bytes of columns that were copied.
    pub(super) copied: AtomicU64,
    faults: Mutex<Vec<Fault>>,
}

impl Shared {
    /// Notes that a system was put into quarantine.
    pub(super) fn note(&self, fault: Fault) {
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        faults.retain(|known| known.system != fault.system);
        faults.push(fault);
        faults.sort_by(|a, b| (a.step, &a.system).cmp(&(b.step, &b.system)));
    }

    /// How columns of this arena come to the script.
    pub(super) fn form(&self, arena: &Arena) -> Form {
        let mapped = self.program.options.columns == Columns::Best
            && arena.backing() == "memfd"
            && mapping().is_ok();
        if mapped { Form::Mapped } else { Form::Copied }
    }
}

impl Script {
    /// Reads, checks and compiles a module, and tries to start it. Nothing of it runs but its start function.
    ///
    /// # Errors
    /// Everything that is wrong with it alone: see [`ScriptError`].
    pub fn load(name: &str, module: &[u8], options: &Options) -> Result<Script, ScriptError> {
        let (form, arena) = match mapping() {
            Ok(arena) if options.columns == Columns::Best => (Form::Mapped, arena.clone()),
            _ => (Form::Copied, nowhere(name)?),
        };
        let options = Options {
            // The window begins behind.
            memory_bytes: options.memory_bytes.min(255 << 20),
            ..options.clone()
        };
        let program = Program::new(name, module, &options, form)?;
        let tried = Cell::new(&program, None, form, &arena, 0);
        tried.map_err(|reason| ScriptError::Start {
            script: name.to_owned(),
            reason,
        })?;
        Ok(Script {
            shared: Arc::new(Shared {
                program,
                copied: AtomicU64::new(0),
                faults: Mutex::default(),
            }),
        })
    }

    /// What it is called in messages.
    pub fn name(&self) -> &str {
        &self.shared.program.name
    }

    /// What it declares.
    pub fn manifest(&self) -> &Manifest {
        &self.shared.program.manifest
    }

    /// Compares its components with those of a world, makes known those that the world lacks, and returns its systems: those of the first step and the point where
    /// what they record is applied, then the others, in written order. Resources that the world lacks are made, where the module says of what.
    ///
    /// # Errors
    /// [`ScriptError::Layout`] where a component is another one, field by field; [`ScriptError::World`] where one finds no room.
    pub fn bind(&self, world: &mut World) -> Result<Vec<SystemDecl>, ScriptError> {
        for component in &self.manifest().components {
            let script = || self.name().to_owned();
            let refused = |source| match source {
                EcsError::LayoutConflict { name, differences } => ScriptError::Layout {
                    script: script(),
                    component: name,
                    differences,
                },
                source => ScriptError::World {
                    script: script(),
                    source,
                },
            };
            let schema = component.schema().map_err(|fault| {
                refused(EcsError::BadSchema {
                    name: component.name.clone(),
                    fault,
                })
            })?;
            let id = world.register_schema(schema).map_err(refused)?;
            let made = self.manifest().resources.iter();
            let made = { made }.find(|resource| resource.component == component.name);
            if let Some(resource) = made
                && world.resource_ptr(id).is_none()
            {
                let value = resource.value(component.size as usize);
                world
                    .try_insert_resource_bytes(id, &value)
                    .map_err(refused)?;
            }
        }
        let decl = |number: usize, system: &abi::SystemDecl| SystemDecl {
            name: system.name.clone(),
            after: Vec::new(),
            system: Box::new(ScriptSystem::new(self.shared.clone(), number)),
        };
        let (start, others): (Vec<_>, Vec<_>) = self
            .manifest()
            .systems
            .iter()
            .enumerate()
            .partition(|(_, system)| system.start);
        let mut systems = Vec::new();
        systems.extend(
            start
                .into_iter()
                .map(|(number, system)| decl(number, system)),
        );
        if !systems.is_empty() {
            // What they record is there before any other system sees the first step.
            systems.push(Applying::decl(&format!("{}: start", self.name())));
        }
        systems.extend(
            others
                .into_iter()
                .map(|(number, system)| decl(number, system)),
        );
        Ok(systems)
    }

    /// How columns come to it in a world over this arena.
    pub fn form(&self, arena: &Arena) -> Form {
        self.shared.form(arena)
    }

    /// Why columns are copied on this host, if they are: for people who wonder.
    pub fn why_copied(&self, arena: &Arena) -> Option<String> {
        if self.form(arena) == Form::Mapped {
            return None;
        }
        Some(match (self.shared.program.options.columns, mapping()) {
            (Columns::Copied, _) => "its options say so".to_owned(),
            (_, Err(reason)) => reason,
            (_, Ok(_)) => format!("the arena stands on {}", arena.backing()),
        })
    }

    /// Bytes of columns that were copied for it so far, in and out: 0 where they are mapped, but for columns with `bool` or entities in them that it writes.
    pub fn bytes_copied(&self) -> u64 {
        // Relaxed: a count that orders nothing.
        self.shared.copied.load(Ordering::Relaxed)
    }

    /// What put systems of it into quarantine, in order of step: one for each such system.
    pub fn faults(&self) -> Vec<Fault> {
        let faults = self.shared.faults.lock();
        faults.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl std::fmt::Debug for Script {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let systems: Vec<_> = self
            .manifest()
            .systems
            .iter()
            .map(|system| &system.name)
            .collect();
        f.debug_struct("Script")
            .field("name", &self.name())
            .field("systems", &systems)
            .finish()
    }
}

/// An arena for a script that is tried where columns are copied: nothing of it is used.
fn nowhere(script: &str) -> Result<Arena, ScriptError> {
    let mut config = MemoryConfig::with_total(64 << 20);
    config.backing = Backing::Plain;
    Arena::new(&config).map_err(|refusal| ScriptError::Host {
        script: script.to_owned(),
        reason: refusal.to_string(),
    })
}
