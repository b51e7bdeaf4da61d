//! What a module says about itself.

use layerw_ecs::{Field, Primitive, Schema};
use serde::{Deserialize, Serialize};

/// What a module declares: see [`super`] for what each part means at a call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`VERSION`](super::VERSION).
    pub abi: u32,
    /// The files that it was made of, as they stand in messages.
    #[serde(default)]
    pub sources: Vec<String>,
    /// Every component that a system, a template or a resource below names.
    pub components: Vec<ComponentDecl>,
    /// Lists of components by name that `spawn`, `insert`, `remove` and `send` refer to by number.
    #[serde(default)]
    pub templates: Vec<Vec<String>>,
    /// Resources that are made where the world lacks them when the module is bound to it.
    #[serde(default)]
    pub resources: Vec<ResourceDecl>,
    /// The systems in written order.
    pub systems: Vec<SystemDecl>,
    /// Whether the module sees to it that of all NaNs only the one that Rust calls `NAN` reaches memory, or bits that were in memory before. Who does not, has it done after each
    /// operation, which is slow; who says so and does not makes its own columns depend on the processor.
    #[serde(default)]
    pub one_nan: bool,
}

/// The value that a resource begins with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceDecl {
    /// The component that it is declared as.
    pub component: String,
    /// Runs of bytes; all others are 0.
    #[serde(default)]
    pub values: Vec<BytesDecl>,
}

/// A run of bytes of a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BytesDecl {
    /// Where it begins, in bytes from the value's start.
    pub offset: u32,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// A component as the module sees it. It must match the world's own field by field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComponentDecl {
    /// Its name in the world.
    pub name: String,
    /// Bytes of a value.
    pub size: u32,
    /// Alignment of a value in bytes.
    pub align: u32,
    /// Whether the state hash covers it.
    #[serde(default = "yes")]
    pub hashed: bool,
    /// Its fields in order of offset.
    pub fields: Vec<FieldDecl>,
}

/// A run of equal scalars in a component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldDecl {
    /// The path from the component, as in [`Field::name`].
    pub name: String,
    /// The Rust name of the scalar: `f32`, `u64`, `bool`, `Entity`.
    #[serde(rename = "type")]
    pub primitive: String,
    /// Bytes from the component's start.
    pub offset: u32,
    /// Scalars one after another.
    #[serde(default = "one")]
    pub count: u32,
}

/// A system: an exported function, and what it is called with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SystemDecl {
    /// Its name in the graph, in messages and in profiles.
    pub name: String,
    /// The exported function.
    pub export: String,
    /// The function's parameters in order.
    pub params: Vec<Param>,
    /// Components that an entity must have beside its columns.
    #[serde(default)]
    pub with: Vec<String>,
    /// Components that an entity must not have.
    #[serde(default)]
    pub without: Vec<String>,
    /// Whether it records commands or events.
    #[serde(default)]
    pub commands: bool,
    /// Whether it must be called with all rows of a chunk at once, since what it does to a row depends on the others: then a chunk is
    /// not cut into blocks and not shared between workers.
    #[serde(default)]
    pub whole_chunks: bool,
    /// Whether it runs in step 0 only. The systems of a module that do stand before the others, and what they record is applied before those run.
    #[serde(default)]
    pub start: bool,
}

/// One parameter of a system's function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Param {
    /// A column of the chunk.
    Column {
        /// The component.
        component: String,
        /// Whether it is written.
        #[serde(default)]
        write: bool,
    },
    /// The entities of the rows.
    Entities,
    /// How many rows.
    Count,
    /// A resource's value.
    Resource {
        /// The component that it is declared as.
        component: String,
        /// Whether it is written; then the system is called for one chunk after another, in the world's order, and shares its work with nobody.
        #[serde(default)]
        write: bool,
    },
    /// The events of the step before.
    Events {
        /// The component that they are values of.
        component: String,
    },
    /// How many events there are.
    EventCount {
        /// As for [`Param::Events`].
        component: String,
    },
    /// Simulated seconds of the step as `f32`.
    Dt,
    /// Simulated seconds of the step as `f64`.
    Dt64,
    /// The number of the step.
    Step,
    /// The seed of the run.
    Seed,
}

impl ComponentDecl {
    /// As a component of a world is declared.
    pub fn of(schema: &Schema) -> Self {
        ComponentDecl {
            name: schema.name.clone(),
            size: schema.size,
            align: schema.align,
            hashed: schema.hashed,
            fields: schema.fields.iter().map(FieldDecl::of).collect(),
        }
    }

    /// The layout that a world knows; the sentence says what is wrong with it.
    ///
    /// # Errors
    /// A scalar of an unknown name, or a layout that does not hold together ([`Schema::fault`]).
    pub fn schema(&self) -> Result<Schema, String> {
        let fields = self
            .fields
            .iter()
            .map(|field| {
                let known = |primitive: &Primitive| primitive.name() == field.primitive;
                let primitive = Primitive::ALL.into_iter().find(known).ok_or_else(|| {
                    format!(
                        "field `{}` of component `{}` is of type `{}`; known are {}",
                        field.name,
                        self.name,
                        field.primitive,
                        Primitive::ALL.map(Primitive::name).join(", ")
                    )
                })?;
                Ok(Field {
                    name: field.name.clone(),
                    primitive,
                    offset: field.offset,
                    count: field.count,
                })
            })
            .collect::<Result<_, String>>()?;
        let schema = Schema::new(
            self.name.clone(),
            self.size,
            self.align,
            self.hashed,
            fields,
        );
        match schema.fault() {
            Some(fault) => Err(format!("component `{}`: {fault}", self.name)),
            None => Ok(schema),
        }
    }
}

impl FieldDecl {
    fn of(field: &Field) -> Self {
        FieldDecl {
            name: field.name.clone(),
            primitive: field.primitive.name().to_owned(),
            offset: field.offset,
            count: field.count,
        }
    }
}

impl ResourceDecl {
    /// The value, `size` bytes of it.
    ///
    /// # Panics
    /// A run ends behind that.
    pub fn value(&self, size: usize) -> Vec<u8> {
        let mut value = vec![0; size];
        for run in &self.values {
            value[run.offset as usize..][..run.bytes.len()].copy_from_slice(&run.bytes);
        }
        value
    }

    /// What is wrong with it as a value of its component, whose layout holds together.
    fn fault(&self, component: &ComponentDecl) -> Option<String> {
        let size = component.size as usize;
        let behind = |run: &&BytesDecl| {
            let end = (run.offset as usize).checked_add(run.bytes.len());
            end.is_none_or(|end| end > size)
        };
        if let Some(run) = self.values.iter().find(behind) {
            return Some(format!(
                "{} bytes from byte {} on end behind its {size} bytes",
                run.bytes.len(),
                run.offset
            ));
        }
        let schema = component.schema().ok()?;
        if !schema.has_invalid_bits() {
            return None;
        }
        let value = self.value(size);
        let field = schema.invalid_field(&value)?;
        Some(format!(
            "its field `{}` begins with bytes that are no {}",
            field.name,
            field.primitive.name()
        ))
    }
}

impl SystemDecl {
    /// The columns with whether they are written, in order of the parameters.
    pub fn columns(&self) -> impl Iterator<Item = (&str, bool)> {
        self.params.iter().filter_map(|param| match param {
            Param::Column { component, write } => Some((component.as_str(), *write)),
            _ => None,
        })
    }

    /// The columns and resources with whether they are written, in order of the parameters.
    pub fn touched(&self) -> impl Iterator<Item = (&str, bool)> {
        self.params.iter().filter_map(|param| match param {
            Param::Column { component, write } | Param::Resource { component, write } => {
                Some((component.as_str(), *write))
            }
            _ => None,
        })
    }
}

impl Manifest {
    /// The component of that name.
    pub fn component(&self, name: &str) -> Option<&ComponentDecl> {
        self.components
            .iter()
            .find(|component| component.name == name)
    }

    /// What does not hold together in it: a name that nobody declares, a column asked for twice, a version that is not ours.
    pub fn fault(&self) -> Option<String> {
        if self.abi != super::VERSION {
            return Some(format!(
                "it is made for version {} of the agreement between script and host, and this program speaks {}; compile the script again",
                self.abi,
                super::VERSION
            ));
        }
        if let Some(name) = repeated(self.components.iter().map(|one| one.name.as_str())) {
            return Some(format!("component `{name}` is declared twice"));
        }
        if let Some(name) = repeated(self.systems.iter().map(|one| one.name.as_str())) {
            return Some(format!("system `{name}` is declared twice"));
        }
        if let Some(fault) = self.components.iter().find_map(|one| one.schema().err()) {
            return Some(fault);
        }
        let unknown = |name: &str| self.component(name).is_none();
        for (number, template) in self.templates.iter().enumerate() {
            if let Some(name) = template.iter().find(|name| unknown(name)) {
                return Some(format!(
                    "template {number} names component `{name}`, which the module does not declare"
                ));
            }
        }
        for resource in &self.resources {
            let fault = match self.component(&resource.component) {
                None => Some("the module does not declare it".to_owned()),
                Some(component) => resource.fault(component),
            };
            if let Some(fault) = fault {
                return Some(format!("resource `{}`: {fault}", resource.component));
            }
        }
        self.systems.iter().find_map(|system| {
            let name = &system.name;
            let resources = system.params.iter().filter_map(|param| match param {
                Param::Resource { component, .. } => Some(component.as_str()),
                _ => None,
            });
            let events = system.params.iter().filter_map(|param| match param {
                Param::Events { component } | Param::EventCount { component } => Some(component.as_str()),
                _ => None,
            });
            let filters = system.with.iter().chain(&system.without);
            let mut named = system.columns().map(|(component, _)| component);
            let all = named
                .by_ref()
                .chain(resources.clone())
                .chain(events)
                .chain(filters.map(String::as_str));
            if let Some(component) = all.into_iter().find(|component| unknown(component)) {
                return Some(format!(
                    "system `{name}` names component `{component}`, which the module does not declare"
                ));
            }
            if let Some(component) = repeated(system.columns().map(|(component, _)| component)) {
                return Some(format!(
                    "system `{name}` takes the column of `{component}` twice"
                ));
            }
            if let Some(component) = repeated(resources) {
                return Some(format!("system `{name}` takes resource `{component}` twice"));
            }
            None
        })
    }
}

/// The first name that comes twice.
fn repeated<'a>(names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = std::collections::BTreeSet::new();
    let mut names = names;
    names.find(|name| !seen.insert(*name))
}

fn yes() -> bool {
    true
}

fn one() -> u32 {
    1
}
