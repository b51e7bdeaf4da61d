//! `layerw-web-pack PROGRAM.wasm NAME PROJECT OUT`: what `layerw web` calls when the program is built.
//!
//! Writes a folder of static files with relative addresses, so that any file server can serve it, from any path: the page, the engine's worker, the pool's
//! workers, the program with its JavaScript, and the project's own files, its scripts as modules.

#![forbid(unsafe_code)]

mod files;
mod memory;
mod page;
mod scripts;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    match pack() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn pack() -> Result<()> {
    let words: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [program, name, project, out] = words.as_slice() else {
        bail!("give PROGRAM.wasm, the page's name, the project's folder and the folder to write");
    };
    // First, since that is what may be wrong.
    let modules = scripts::compile(project)?;
    fs::create_dir_all(out)
        .with_context(|| format!("cannot make `{}`; name another folder", out.display()))?;
    Bindgen::new()
        .input_path(program)
        .web(true)?
        .typescript(false)
        // The page gives module and memory itself.
        .omit_default_module_path(true)
        // The engine's worker calls `main` when the pool is there.
        .emit_start(false)
        .out_name("program")
        .generate(out)
        .with_context(|| format!("wasm-bindgen cannot read `{}`", program.display()))?;
    let packed = out.join("program_bg.wasm");
    let bytes = fs::read(&packed).with_context(|| format!("cannot read `{}`", packed.display()))?;
    let pages = memory::pages(&bytes)
        .with_context(|| format!("`{}` is no program for a page", program.display()))?;
    let mut files = files::copy(project, &out.join("project"))?;
    files.extend(scripts::write(&modules, &out.join("project"))?);
    page::write(out, &name.to_string_lossy(), pages, &files)
}
