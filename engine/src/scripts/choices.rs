//! What a script lets its users choose: the fields of its class `Settings` are settings of the project.
//!
//! ```ts
//! class Settings { boids: i32 = 10000; radius = 1.5; closed = true; }
//! ```
//!
//! A field whose name begins with `_` fills up and is no setting. Each other one is declared under its name (`startSpeed` as `start-speed`) with its initial value as the default, and the resource is made of what was given. A world that has the resource
//! already keeps it: one that was restored, one whose scripts are taken up again, one of a project that makes its own.

use layerw_ecs::World;
use layerw_script::abi::{ComponentDecl, FieldDecl, Manifest};

use super::ScriptsError;
use crate::error::Result;
use crate::settings::Settings;

/// The class.
const CLASS: &str = "Settings";

/// Declares the settings of a script and makes the resource of their values.
///
/// # Errors
/// A field that cannot be a setting, or a value given that is none of its type.
pub(super) fn take(manifest: &Manifest, settings: &Settings, world: &mut World) -> Result<()> {
    let Some(initial) = manifest.resources.iter().find(|one| one.component == CLASS) else {
        return Ok(());
    };
    let Some(component) = manifest.component(CLASS) else {
        return Ok(());
    };
    let schema = component.schema().map_err(ScriptsError::Refused)?;
    let id = world
        .register_schema(schema)
        .map_err(|error| ScriptsError::Refused(error.to_string()))?;
    if world.resource_ptr(id).is_some() {
        return Ok(());
    }
    let mut value = initial.value(component.size as usize);
    for field in &component.fields {
        if field.name.starts_with('_') {
            continue;
        }
        let at = field.offset as usize;
        let bytes = chosen(component, field, &value[at..], settings)?;
        value[at..at + bytes.len()].copy_from_slice(&bytes);
    }
    world
        .try_insert_resource_bytes(id, &value)
        .map_err(|error| ScriptsError::Refused(error.to_string()))?;
    Ok(())
}

/// The bytes of a field whose initial ones are given, after its setting was declared.
fn chosen(
    component: &ComponentDecl,
    field: &FieldDecl,
    initial: &[u8],
    settings: &Settings,
) -> Result<Vec<u8>> {
    let help = format!(
        "`{}` of the scripts' class `{}`",
        field.name, component.name
    );
    let name = setting(&field.name);
    let whole =
        |default: i64, low: i64, high: i64| settings.integer(&name, default, low..=high, &help);
    let number = |default: f64, most: f64| settings.number(&name, default, -most..=most, &help);
    let unfit = || {
        let (field, class) = (&field.name, &component.name);
        ScriptsError::Refused(format!(
            "field `{field}` of the scripts' class `{class}` cannot be a setting; settings are single numbers and booleans: put it into another class"
        ))
    };
    if field.count != 1 || field.name.contains('.') {
        return Err(unfit().into());
    }
    Ok(match field.primitive.as_str() {
        "f32" => {
            // As it was written: 0.1 and not what it is next to in 64 bits.
            let written = f32::from_le_bytes(first(initial)).to_string();
            let default = written.parse().unwrap_or_default();
            let value = number(default, f64::from(f32::MAX))? as f32;
            value.to_le_bytes().to_vec()
        }
        "f64" => {
            let value = number(f64::from_le_bytes(first(initial)), f64::MAX)?;
            value.to_le_bytes().to_vec()
        }
        "i32" => {
            let default = i32::from_le_bytes(first(initial));
            let value = whole(default.into(), i32::MIN.into(), i32::MAX.into())?;
            (value as i32).to_le_bytes().to_vec()
        }
        "u32" => {
            let default = u32::from_le_bytes(first(initial));
            let value = whole(default.into(), 0, u32::MAX.into())?;
            (value as u32).to_le_bytes().to_vec()
        }
        "i64" => {
            let value = whole(i64::from_le_bytes(first(initial)), i64::MIN, i64::MAX)?;
            value.to_le_bytes().to_vec()
        }
        "u64" => {
            // What a literal of a script can be fits.
            let value = whole(i64::from_le_bytes(first(initial)), 0, i64::MAX)?;
            value.to_le_bytes().to_vec()
        }
        "bool" => vec![u8::from(settings.switch(&name, initial[0] != 0, &help)?)],
        _ => return Err(unfit().into()),
    })
}

fn first<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let (first, _) = bytes
        .split_first_chunk()
        .expect("a layout holds its fields");
    *first
}

/// `startSpeed` as the name of a setting: `start-speed`.
fn setting(field: &str) -> String {
    let mut name = String::new();
    for letter in field.chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.extend(letter.to_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::setting;

    #[test]
    fn settings_are_written_in_small_letters() {
        let names = ["boids", "startSpeed", "max_age", "x2"].map(setting);
        assert_eq!(names, ["boids", "start-speed", "max_age", "x2"]);
    }
}
