//! What a module asks for and offers, read from its bytes: the engines of browsers tell names and no types. The module is held to the features that every other
//! runtime has as well, though a browser may know more: relaxed vectors, for one, do not give the same bits everywhere.

use super::module::{External, Signature, Type};
use wasmparser::types::{EntityType, TypesRef};
use wasmparser::{BinaryReaderError, ValType, Validator, WasmFeatures};

/// Imports with the names of their modules, and exports.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Externals {
    pub(super) imports: Vec<(String, String, External)>,
    pub(super) exports: Vec<(String, External)>,
}

/// Reads a module, which has to be valid.
pub(super) fn read(module: &[u8]) -> Result<Externals, BinaryReaderError> {
    let types = Validator::new_with_features(WasmFeatures::WASM2).validate_all(module)?;
    let types = types.as_ref();
    let imports = types.core_imports().into_iter().flatten();
    let exports = types.core_exports().into_iter().flatten();
    Ok(Externals {
        imports: imports
            .map(|(module, name, found)| {
                (module.to_owned(), name.to_owned(), external(&types, found))
            })
            .collect(),
        exports: exports
            .map(|(name, found)| (name.to_owned(), external(&types, found)))
            .collect(),
    })
}

fn external(types: &TypesRef<'_>, found: EntityType) -> External {
    match found {
        EntityType::Func(id) | EntityType::FuncExact(id) => {
            let found = types[id].unwrap_func();
            External::Function(Signature {
                params: found.params().iter().map(ty).collect(),
                results: found.results().iter().map(ty).collect(),
            })
        }
        EntityType::Memory(found) => External::Memory {
            minimum: found.initial,
            maximum: found.maximum,
            odd: found.shared || found.memory64,
        },
        EntityType::Global(found) => External::Global {
            mutable: found.mutable,
            ty: ty(&found.content_type),
        },
        EntityType::Table(_) | EntityType::Tag(_) => External::Other,
    }
}

fn ty(found: &ValType) -> Type {
    match found {
        ValType::I32 => Type::I32,
        ValType::I64 => Type::I64,
        ValType::F32 => Type::F32,
        ValType::F64 => Type::F64,
        other => Type::Other(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Externals, String> {
        let module = wat::parse_str(text).expect("the test's own text");
        read(&module).map_err(|error| error.to_string())
    }

    #[test]
    fn what_stands_in_a_module_is_found() {
        let found = read_text(
            r#"(module
                (import "env" "memory" (memory 2 70))
                (import "layerw" "despawn" (func (param i64)))
                (global (export "layerw.row") (mut i32) (i32.const 0))
                (table (export "t") 1 funcref)
                (func (export "Move") (param i32 f32) (result f64) (f64.const 1)))"#,
        );
        let function = |params: &[Type], results: &[Type]| {
            External::Function(Signature {
                params: params.to_vec(),
                results: results.to_vec(),
            })
        };
        let name = str::to_owned;
        let memory = External::Memory {
            minimum: 2,
            maximum: Some(70),
            odd: false,
        };
        let global = External::Global {
            mutable: true,
            ty: Type::I32,
        };
        let expected = Externals {
            imports: vec![
                (name("env"), name("memory"), memory),
                (name("layerw"), name("despawn"), function(&[Type::I64], &[])),
            ],
            exports: vec![
                (name("layerw.row"), global),
                (name("t"), External::Other),
                (
                    name("Move"),
                    function(&[Type::I32, Type::F32], &[Type::F64]),
                ),
            ],
        };
        assert_eq!(found, Ok(expected));
    }

    #[test]
    fn what_only_some_hosts_know_is_refused() {
        for (text, part) in [
            (
                r#"(module (import "env" "memory" (memory 1 2 shared)))"#,
                "threads",
            ),
            ("(module (memory 1) (memory 1))", "multi"),
            (
                "(module (func (drop (i32x4.relaxed_trunc_f32x4_s (v128.const i32x4 0 0 0 0)))))",
                "relaxed",
            ),
            ("(module (func (drop (i32.add))))", "type mismatch"),
        ] {
            let said = read_text(text).expect_err(text);
            assert!(said.contains(part), "{said}");
        }
    }
}
