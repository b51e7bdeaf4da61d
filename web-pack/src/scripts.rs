//! The scripts of a project, compiled here so that its page needs no compiler.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use layerw_script::abi;
use layerw_script::compile::assemblyscript::Asc;
use layerw_script::compile::{Source, compile as compile_sources};
use layerw_script::packed::{FOLDER, INDEX, Index, Part, parts};

/// Modules under their names, and the list of them; empty where there are no scripts.
#[derive(Debug)]
pub struct Modules {
    index: Index,
    files: Vec<(String, Vec<u8>)>,
}

/// Compiles what `[scripts]` of layerw.toml names. What else is wrong with that file is for the program to say.
pub fn compile(project: &Path) -> Result<Modules> {
    let mut modules = Modules {
        index: Index::default(),
        files: Vec::new(),
    };
    let path = project.join("layerw.toml");
    if !path.is_file() {
        return Ok(modules);
    }
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let table: toml::Table = text
        .parse()
        .with_context(|| format!("`{}` is no TOML", path.display()))?;
    let scripts = table.get("scripts");
    let get = |name: &str| scripts.and_then(|scripts| scripts.get(name));
    let names = get("files").and_then(toml::Value::as_array);
    let files: Vec<String> = names
        .into_iter()
        .flatten()
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect();
    let by_asc = get("compiler").and_then(toml::Value::as_str) == Some("assemblyscript");
    let parts = parts(&files).map_err(|file| {
        anyhow!(
            "`{}` is no script; name files that end in .ts or .wasm",
            project.join(file).display()
        )
    })?;
    for part in parts {
        let bytes = module(project, &part, by_asc)?;
        let name = modules.index.add(&part, &bytes);
        modules.files.push((name, bytes));
    }
    Ok(modules)
}

fn module(project: &Path, part: &Part<'_>, by_asc: bool) -> Result<Vec<u8>> {
    let path = |name: &str| project.join(name);
    let cannot = |name: &str| format!("cannot read `{}`", path(name).display());
    let names = match part {
        Part::Module(name) => {
            let bytes = fs::read(path(name)).with_context(|| cannot(name))?;
            abi::read(&bytes).with_context(|| format!("script `{name}`"))?;
            return Ok(bytes);
        }
        Part::Sources(names) => names,
    };
    let mut sources = Vec::new();
    for &name in names {
        let text = fs::read_to_string(path(name)).with_context(|| cannot(name))?;
        sources.push(Source::new(name, text));
    }
    if by_asc {
        return Ok(Asc::at(project).compile(&sources)?);
    }
    match compile_sources(&sources) {
        Ok(program) => Ok(program.wasm()),
        Err(problems) => {
            let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
            bail!("{}", lines.join("\n"))
        }
    }
}

/// Writes them into `out`; their names there.
pub fn write(modules: &Modules, out: &Path) -> Result<Vec<String>> {
    if modules.files.is_empty() {
        return Ok(Vec::new());
    }
    let folder = out.join(FOLDER);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    let index = modules.index.to_json();
    let named = modules
        .files
        .iter()
        .map(|(name, bytes)| (format!("{FOLDER}/{name}"), bytes));
    let mut names = Vec::new();
    for (name, bytes) in named.chain([(INDEX.to_owned(), &index)]) {
        let path = out.join(&name);
        fs::write(&path, bytes).with_context(|| format!("cannot write `{}`", path.display()))?;
        names.push(name);
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "class Drift { update(positions: Vec2[], dt: number) { for (let i = 0; i < positions.length; i++) positions[i].x += dt; } }";

    #[test]
    fn scripts_become_modules_and_a_list() {
        let root = std::env::temp_dir().join(format!("layerw-web-scripts-{}", std::process::id()));
        fs::create_dir_all(&root).unwrap();
        let write_project = |scripts: &str, source: &str| {
            fs::write(root.join("layerw.toml"), scripts).unwrap();
            fs::write(root.join("drift.ts"), source).unwrap();
        };
        let none = compile(&root.join("nowhere")).and_then(|none| write(&none, &root));
        write_project("[scripts]\nfiles = [\"drift.ts\"]\n", SOURCE);
        let names = compile(&root).and_then(|modules| write(&modules, &root.join("page")));
        let index = fs::read(root.join("page").join(INDEX)).unwrap();
        let module = fs::read(root.join("page/compiled-scripts/0.wasm")).unwrap();
        write_project("[scripts]\nfiles = [\"drift.ts\"]\n", "let x = ");
        let slip = compile(&root).unwrap_err().to_string();
        write_project("[scripts]\nfiles = [\"drift.js\"]\n", "");
        let kind = compile(&root).unwrap_err().to_string();
        write_project("[scripts]\nfiles = [\"other.ts\"]\n", "");
        let missing = compile(&root).unwrap_err().to_string();
        fs::remove_dir_all(&root).unwrap();

        assert_eq!(none.unwrap(), [""; 0]);
        assert_eq!(
            names.unwrap(),
            ["compiled-scripts/0.wasm", "compiled-scripts/index.json"]
        );
        let index = Index::from_json(&index).unwrap();
        assert!(
            index
                .check(&Part::Sources(vec!["drift.ts"]), &module)
                .is_ok()
        );
        assert_eq!(abi::read(&module).unwrap().systems[0].name, "Drift");
        assert!(slip.contains("drift.ts:1:"), "{slip}");
        assert!(kind.contains("drift.js` is no script"), "{kind}");
        assert!(missing.contains("other.ts"), "{missing}");
    }
}
