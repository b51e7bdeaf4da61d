//! A script: loaded once, bound to a world, watched while it runs.

use super::host::{AnyProgram, Common};
use super::source_map::Lines;
use super::{Columns, Fault, Form, Options, ScriptError, compile_limits};
use crate::abi::{self, Manifest};
use layerw_ecs::system::SystemDecl;
use layerw_ecs::whole::Applying;
use layerw_ecs::{EcsError, World};
use layerw_memory::Arena;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A module with its manifest, checked, compiled and tried. Clones share it.
#[derive(Clone)]
pub struct Script {
    shared: Arc<Shared>,
    program: Arc<dyn AnyProgram>,
}

/// What the systems of a script have in common.
pub(super) struct Shared {
    pub(super) common: Arc<Common>,
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
}

impl Script {
    /// Reads, checks and compiles a module, and tries to start it. Nothing of it runs but its start function.
    ///
    /// # Errors
    /// Everything that is wrong with it alone: see [`ScriptError`].
    pub fn load(name: &str, module: &[u8], options: &Options) -> Result<Script, ScriptError> {
        compile_limits::check(name, module, &options.compile)?;
        let unread = |source| ScriptError::Manifest {
            script: name.to_owned(),
            source,
        };
        let manifest = abi::read(module).map_err(unread)?;
        let lines = abi::read_map(module).map_err(unread)?.and_then(Lines::read);
        let common = Common::new(name, manifest, options);
        let program: Arc<dyn AnyProgram> = match options.runtime {
            chosen if super::native::runs(chosen) => {
                super::native::load(common.clone(), module, lines)?
            }
            #[cfg(feature = "wasmi")]
            super::Runtime::Best | super::Runtime::Wasmi => Arc::new(
                super::interpreted::Interpreted::new(common.clone(), module, lines)?,
            ),
            missing => return Err(missing.missing(name)),
        };
        Ok(Script::of(common, program))
    }

    /// Takes a program of the compiler: its module, or its JavaScript where that is what runs it.
    ///
    /// # Errors
    /// As [`Script::load`].
    #[cfg(feature = "compiler")]
    pub fn of_program(
        name: &str,
        program: &crate::compile::Program,
        options: &Options,
    ) -> Result<Script, ScriptError> {
        #[cfg(feature = "quickjs")]
        {
            let modules = cfg!(any(feature = "wasmtime", feature = "wasmi"));
            let best = options.runtime == super::Runtime::Best && !modules;
            if options.runtime == super::Runtime::QuickJs || best {
                let common = Common::new(name, program.manifest(), options);
                let text = super::javascript::Text::new(common.clone(), program.js(), None)?;
                return Ok(Script::of(common, Arc::new(text)));
            }
        }
        Script::load(name, &program.wasm(), options)
    }

    /// Takes a program of the compiler in a form that asks a debugger before each of its statements. It runs as JavaScript, whatever the options say, at the
    /// same bits, and as long as the debugger takes.
    ///
    /// # Errors
    /// As [`Script::load`]; without the feature `quickjs`, that nothing runs it.
    #[cfg(feature = "compiler")]
    pub fn of_program_debugged(
        name: &str,
        program: &crate::compile::Program,
        options: &Options,
        debugger: Arc<dyn super::Debugger>,
    ) -> Result<Script, ScriptError> {
        #[cfg(feature = "quickjs")]
        {
            let options = Options {
                time_limit: None,
                ..options.clone()
            };
            let common = Common::new(name, program.manifest(), &options);
            let js = program.js_with_steps();
            let text = super::javascript::Text::new(common.clone(), js, Some(debugger))?;
            Ok(Script::of(common, Arc::new(text)))
        }
        #[cfg(not(feature = "quickjs"))]
        {
            drop((program, options, debugger));
            Err(super::Runtime::QuickJs.missing(name))
        }
    }

    fn of(common: Arc<Common>, program: Arc<dyn AnyProgram>) -> Script {
        Script {
            shared: Arc::new(Shared {
                common,
                copied: AtomicU64::new(0),
                faults: Mutex::default(),
            }),
            program,
        }
    }

    /// What runs it: `wasmtime`, `wasmi`, `quickjs` or `page`.
    pub fn runtime(&self) -> &'static str {
        self.program.runtime()
    }

    /// What it is called in messages.
    pub fn name(&self) -> &str {
        &self.shared.common.name
    }

    /// What it declares.
    pub fn manifest(&self) -> &Manifest {
        &self.shared.common.manifest
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
            system: self.program.clone().system(self.shared.clone(), number),
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
        self.program.form(arena)
    }

    /// Why columns are copied on this host, if they are: for people who wonder.
    pub fn why_copied(&self, arena: &Arena) -> Option<String> {
        if self.form(arena) == Form::Mapped {
            return None;
        }
        Some(match self.shared.common.options.columns {
            Columns::Copied => "its options say so".to_owned(),
            Columns::Best => self.program.why_copied(arena),
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
