//! The manifest's way into a module and out of it.

use super::{MAP_SECTION, Manifest, SECTION};
use wasm_encoder::{CustomSection, Encode, Section};
use wasmparser::{Parser, Payload};

/// Why a module's manifest cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// The bytes are no module.
    #[error("not a WebAssembly module: {0}")]
    Module(#[from] wasmparser::BinaryReaderError),
    /// There is no custom section of ours.
    #[error(
        "the module has no section `{SECTION}` that says what its systems read and write; compile its source again, or attach a manifest (`layerw_script::abi::attach`)"
    )]
    Missing,
    /// There are two, and either could be the true one.
    #[error("the module has two sections `{0}`")]
    Twice(&'static str),
    /// The section is not a manifest.
    #[error("section `{SECTION}` of the module is not a manifest: {0}")]
    Json(#[from] serde_json::Error),
    /// The manifest contradicts itself.
    #[error("section `{SECTION}` of the module does not hold together: {0}")]
    Fault(String),
}

/// The manifest of a module, which holds together.
///
/// # Errors
/// See [`ManifestError`].
pub fn read(module: &[u8]) -> Result<Manifest, ManifestError> {
    let section = section(module, SECTION)?.ok_or(ManifestError::Missing)?;
    let manifest: Manifest = serde_json::from_slice(section)?;
    match manifest.fault() {
        Some(fault) => Err(ManifestError::Fault(fault)),
        None => Ok(manifest),
    }
}

/// The source map of a module, if it has one: JSON, not looked into.
///
/// # Errors
/// [`ManifestError::Module`], [`ManifestError::Twice`].
pub fn read_map(module: &[u8]) -> Result<Option<&[u8]>, ManifestError> {
    section(module, MAP_SECTION)
}

/// The module with its manifest, and its source map if there is one, after everything else, so that offsets of code do not move.
///
/// # Panics
/// The manifest is too large for JSON in memory.
pub fn attach(mut module: Vec<u8>, manifest: &Manifest, map: Option<&[u8]>) -> Vec<u8> {
    let json = serde_json::to_vec(manifest).expect("a manifest is plain data");
    let mut append = |name: &str, data: &[u8]| {
        let section = CustomSection {
            name: name.into(),
            data: data.into(),
        };
        module.push(section.id());
        section.encode(&mut module);
    };
    append(SECTION, &json);
    if let Some(map) = map {
        append(MAP_SECTION, map);
    }
    module
}

fn section<'m>(module: &'m [u8], name: &'static str) -> Result<Option<&'m [u8]>, ManifestError> {
    let mut found = None;
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::CustomSection(section) = payload?
            && section.name() == name
            && found.replace(section.data()).is_some()
        {
            return Err(ManifestError::Twice(name));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::super::{
        BytesDecl, ComponentDecl, FieldDecl, Param, ResourceDecl, SystemDecl, VERSION,
    };
    use super::*;

    /// The smallest module.
    const EMPTY: &[u8] = b"\0asm\x01\0\0\0";

    fn manifest() -> Manifest {
        Manifest {
            one_nan: false,
            abi: VERSION,
            sources: vec!["movement.ts".to_owned()],
            components: vec![ComponentDecl {
                name: "Position".to_owned(),
                size: 8,
                align: 4,
                hashed: true,
                fields: vec![FieldDecl {
                    name: "0".to_owned(),
                    primitive: "f32".to_owned(),
                    offset: 0,
                    count: 2,
                }],
            }],
            templates: vec![vec!["Position".to_owned()]],
            resources: vec![ResourceDecl {
                component: "Position".to_owned(),
                values: vec![BytesDecl {
                    offset: 4,
                    bytes: vec![0, 0, 128, 63],
                }],
            }],
            systems: vec![SystemDecl {
                name: "Movement".to_owned(),
                export: "Movement".to_owned(),
                params: vec![
                    Param::Column {
                        component: "Position".to_owned(),
                        write: true,
                    },
                    Param::Count,
                    Param::Dt,
                ],
                ..SystemDecl::default()
            }],
        }
    }

    #[test]
    fn a_module_carries_its_manifest_and_map() {
        let module = attach(EMPTY.to_vec(), &manifest(), Some(b"{}"));
        assert_eq!(read(&module).unwrap(), manifest());
        assert_eq!(read_map(&module).unwrap(), Some(&b"{}"[..]));
        assert!(
            module.starts_with(EMPTY),
            "what stood there before does not move"
        );
    }

    #[test]
    fn modules_that_say_nothing_or_nonsense_are_refused() {
        let refused = |module: &[u8], reason: &str| {
            let error = read(module).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        };
        refused(b"", "unexpected");
        refused(b"MZ\0\0 not a module", "not a WebAssembly module");
        refused(EMPTY, "no section `layerw`");
        let once = attach(EMPTY.to_vec(), &manifest(), None);
        refused(&attach(once.clone(), &manifest(), None), "two sections");
        refused(&once[..once.len() - 3], "not a WebAssembly module");
    }

    #[test]
    fn manifests_that_do_not_hold_together_are_refused() {
        let refused = |spoil: fn(&mut Manifest), reason: &str| {
            let mut spoilt = manifest();
            spoil(&mut spoilt);
            let error = read(&attach(EMPTY.to_vec(), &spoilt, None)).unwrap_err();
            assert!(error.to_string().contains(reason), "{error}");
        };
        refused(|m| m.abi = 7, "version 7");
        refused(
            |m| m.components.push(m.components[0].clone()),
            "component `Position` is declared twice",
        );
        refused(
            |m| m.systems.push(m.systems[0].clone()),
            "system `Movement` is declared twice",
        );
        refused(
            |m| m.components[0].fields[0].count = 3,
            "fields end at byte 12, and the size is 8",
        );
        refused(
            |m| m.components[0].fields[0].primitive = "string".to_owned(),
            "type `string`",
        );
        refused(
            |m| m.templates[0][0] = "Mass".to_owned(),
            "template 0 names component `Mass`",
        );
        refused(
            |m| m.resources[0].values[0].offset = 5,
            "resource `Position`: 4 bytes from byte 5 on end behind its 8 bytes",
        );
        refused(
            |m| m.resources[0].component = "Mass".to_owned(),
            "resource `Mass`: the module does not declare it",
        );
        refused(
            |m| {
                m.components[0].fields[0].primitive = "Entity".to_owned();
                m.components[0].fields[0].count = 1;
                m.components[0].align = 8;
                m.resources[0].values.clear();
            },
            "resource `Position`: its field `0` begins with bytes that are no Entity",
        );
        refused(
            |m| m.systems[0].without.push("Dead".to_owned()),
            "system `Movement` names component `Dead`",
        );
        refused(
            |m| {
                let column = m.systems[0].params[0].clone();
                m.systems[0].params.push(column);
            },
            "takes the column of `Position` twice",
        );
    }
}
