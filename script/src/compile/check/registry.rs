//! The components and templates that the sources name, in order of first mention.

use super::super::diagnostic::{Outcome, problem};
use super::super::ir::{At, Component, Const, Initial};
use super::classes::{Shape, component_name};
use super::items::Checker;
use std::collections::BTreeMap;

/// What is known so far.
#[derive(Debug, Default)]
pub struct Registry {
    pub components: Vec<Component>,
    by_name: BTreeMap<String, u32>,
    pub templates: Vec<Vec<u32>>,
    pub resources: Vec<Initial>,
}

impl Registry {
    /// The number of a component; refused where the name stands for another one.
    pub fn component(&mut self, component: Component, place: At) -> Outcome<u32> {
        let name = &component.name;
        if let Some(&number) = self.by_name.get(name) {
            let known = &self.components[number as usize];
            return match *known == component {
                true => Ok(number),
                false => problem(
                    place,
                    format!(
                        "`{component}` is declared elsewhere as `{known}`; they must be the same"
                    ),
                ),
            };
        }
        if let Some(gap) = component.gap() {
            return problem(
                place,
                format!(
                    "component `{name}` would have padding at byte {gap}; order its fields from large to small (f64, then f32, i32 and u32, then boolean) and fill up with fields of your own"
                ),
            );
        }
        let number = self.components.len() as u32;
        self.by_name.insert(component.name.clone(), number);
        self.components.push(component);
        Ok(number)
    }

    /// A resource begins with these values where the world lacks it.
    pub fn resource(&mut self, component: u32, values: Vec<(u32, Const)>) {
        if !self
            .resources
            .iter()
            .any(|known| known.component == component)
        {
            self.resources.push(Initial { component, values });
        }
    }

    /// The component of that name, if one was mentioned.
    pub fn named(&self, name: &str) -> Option<u32> {
        self.by_name.get(name).copied()
    }

    /// The number of a list of components.
    pub fn template(&mut self, components: Vec<u32>) -> u32 {
        let known = self.templates.iter().position(|one| *one == components);
        known.unwrap_or_else(|| {
            self.templates.push(components);
            self.templates.len() - 1
        }) as u32
    }
}

impl Checker<'_, '_> {
    /// The number of the component that a parameter of this shape is.
    pub fn component(&self, param: &str, shape: Shape, place: At) -> Outcome<u32> {
        let (name, fields) = match shape {
            Shape::Class(class) if !self.classes[class].is_vector() => {
                (self.classes[class].name.to_owned(), self.fields_of(class))
            }
            shape => (component_name(param), self.fields_of_value(shape)),
        };
        self.registry
            .borrow_mut()
            .component(Component { name, fields }, place)
    }
}
