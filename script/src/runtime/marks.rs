//! Where a module stopped. An interpreter knows its own code and not the module's, and browsers tell in ways of their own or not at all, so before each instruction that may stop, a global is set to the offset of the instruction in the module as it
//! came: one exported global more, nothing else changes.
//!
//! Where the source map has words for what an instruction's stop means, those instructions are all that stop in a module of our compiler; in others every instruction that can trap is marked.

use super::source_map::Lines;
use wasm_encoder::{Encode, Section, SectionId};
use wasmparser::{BinaryReaderError, ExternalKind, Operator, Parser, Payload, TypeRef};

/// The exported global with the offset; 0 is nowhere.
pub(super) const AT_GLOBAL: &str = "layerw.at";

/// A section as its bytes.
struct Raw<'a>(u8, &'a [u8]);

impl Encode for Raw<'_> {
    fn encode(&self, sink: &mut Vec<u8>) {
        self.1.encode(sink);
    }
}

impl Section for Raw<'_> {
    fn id(&self) -> u8 {
        self.0
    }
}

/// The module with its marks; as it was if it has a global of that name, or no code. It must be valid.
pub(super) fn mark(module: &[u8], lines: &Lines) -> Result<Vec<u8>, BinaryReaderError> {
    let (mut imported, mut defined) = (0, 0);
    let (mut has_code, mut taken) = (false, false);
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::ImportSection(reader) => {
                for import in reader.into_imports() {
                    imported += u32::from(matches!(import?.ty, TypeRef::Global(_)));
                }
            }
            Payload::GlobalSection(reader) => defined = reader.count(),
            Payload::ExportSection(reader) => {
                for export in reader {
                    taken |= export?.name == AT_GLOBAL;
                }
            }
            Payload::CodeSectionStart { .. } => has_code = true,
            _ => {}
        }
    }
    if taken || !has_code {
        return Ok(module.to_vec());
    }
    let global = imported + defined;
    let named = lines.has_words();
    let mut out = module[..8].to_vec();
    let (mut wrote_global, mut wrote_export) = (false, false);
    let mut bodies = Vec::new();
    let mut left = 0;
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        if let Payload::CodeSectionStart { count, .. } = &payload {
            left = *count;
            count.encode(&mut bodies);
        }
        if let Payload::CodeSectionEntry(body) = &payload {
            let mut marked = Vec::new();
            let range = body.range();
            let mut done = range.start;
            let operators = body.get_operators_reader()?;
            for item in operators.into_iter_with_offsets() {
                let (operator, offset) = item?;
                let here = usize::try_from(offset).unwrap_or(usize::MAX);
                let wanted = match named {
                    true => lines.says_exactly(here),
                    false => may_trap(&operator) && lines.at(here).is_some(),
                };
                if wanted {
                    marked.extend_from_slice(bytes(module, done, offset));
                    done = offset;
                    wasm_encoder::Instruction::I32Const(here as u32 as i32).encode(&mut marked);
                    wasm_encoder::Instruction::GlobalSet(global).encode(&mut marked);
                }
            }
            marked.extend_from_slice(bytes(module, done, range.end));
            marked.encode(&mut bodies);
            left -= 1;
            if left == 0 {
                Raw(SectionId::Code.into(), &bodies).append_to(&mut out);
            }
            continue;
        }
        let Some((id, range)) = payload.as_section() else {
            continue;
        };
        if id == u8::from(SectionId::Code) {
            continue;
        }
        let content = bytes(module, range.start, range.end);
        // Sections that must stand before others, and are not there.
        if !wrote_global && id != 0 && order(id) > order(SectionId::Global.into()) {
            globals(0, &[], &mut out);
            wrote_global = true;
        }
        if !wrote_export && id != 0 && order(id) > order(SectionId::Export.into()) {
            exports(0, &[], global, &mut out);
            wrote_export = true;
        }
        match payload {
            Payload::GlobalSection(reader) => {
                let start = reader.original_position();
                globals(reader.count(), bytes(module, start, range.end), &mut out);
                wrote_global = true;
            }
            Payload::ExportSection(reader) => {
                let start = reader.original_position();
                exports(
                    reader.count(),
                    bytes(module, start, range.end),
                    global,
                    &mut out,
                );
                wrote_export = true;
            }
            _ => Raw(id, content).append_to(&mut out),
        }
    }
    Ok(out)
}

/// The order in which sections stand, where it is not that of their numbers.
fn order(id: u8) -> u8 {
    match id {
        // Tags stand behind memories, the count of data segments before the code.
        13 => 5 * 2 + 1,
        12 => 9 * 2 + 1,
        id => id * 2,
    }
}

fn globals(count: u32, rest: &[u8], out: &mut Vec<u8>) {
    let mut content = Vec::new();
    (count + 1).encode(&mut content);
    content.extend_from_slice(rest);
    // A mutable i32 that begins as 0.
    content.extend_from_slice(&[0x7f, 0x01, 0x41, 0x00, 0x0b]);
    Raw(SectionId::Global.into(), &content).append_to(out);
}

fn exports(count: u32, rest: &[u8], global: u32, out: &mut Vec<u8>) {
    let mut content = Vec::new();
    (count + 1).encode(&mut content);
    content.extend_from_slice(rest);
    AT_GLOBAL.encode(&mut content);
    content.push(ExternalKind::Global as u8);
    global.encode(&mut content);
    Raw(SectionId::Export.into(), &content).append_to(out);
}

/// Bytes of the module.
fn bytes(module: &[u8], from: u64, to: u64) -> &[u8] {
    let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
    module.get(place(from)..place(to)).unwrap_or_default()
}

/// Whether an instruction may stop a module.
fn may_trap(operator: &Operator<'_>) -> bool {
    // There are hundreds that load and store; their names say so.
    let name = format!("{operator:?}");
    let name = name.split([' ', '{']).next().unwrap_or_default();
    let traps = [
        "Unreachable",
        "Load",
        "Store",
        "Div",
        "Rem",
        "Trunc",
        "Call",
        "Memory",
        "Table",
    ];
    traps.iter().any(|part| name.contains(part))
}
