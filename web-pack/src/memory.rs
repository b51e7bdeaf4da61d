//! What the program asks of the memory that the page makes for it.

use anyhow::{Result, bail};
use wasmparser::{Parser, Payload, TypeRef};

/// Pages of 64 KiB that it needs at start. JavaScript cannot ask a module for that.
pub fn pages(program: &[u8]) -> Result<u64> {
    for payload in Parser::new(0).parse_all(program) {
        if let Payload::ImportSection(imports) = payload? {
            for import in imports.into_imports() {
                if let TypeRef::Memory(memory) = import?.ty {
                    return Ok(memory.initial);
                }
            }
        }
    }
    bail!("it imports no memory")
}

#[cfg(test)]
mod tests {
    use super::pages;

    #[test]
    fn the_import_says_how_much() {
        // (module (import "a" "m" (memory 17 64 shared)))
        let module = b"\0asm\x01\0\0\0\x02\x09\x01\x01a\x01m\x02\x03\x11\x40";
        assert_eq!(pages(module).unwrap(), 17);
        assert!(pages(b"\0asm\x01\0\0\0").is_err());
        assert!(pages(b"\0asm").is_err());
    }
}
