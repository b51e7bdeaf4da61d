//! A program that runs scripts which were compiled before: those of a page.

use std::path::Path;

use layerw_platform::files::{Disk, Files};
use layerw_script::packed::{FOLDER, INDEX, Index, PackedError};
use layerw_script::runtime::Script;

use super::ScriptsError;
use super::present::{options, parts, refused};
use crate::error::Result;
use crate::settings::Settings;

/// Takes the modules that came with the page.
pub(super) fn load(settings: &Settings) -> Result<Vec<Script>> {
    settings.check_no_breakpoints()?;
    let (folder, config) = (settings.project(), settings.scripts());
    let parts = parts(folder, config)?;
    if parts.is_empty() {
        return Ok(Vec::new());
    }
    let said = |error: PackedError| ScriptsError::Refused(error.to_string());
    let index = Index::from_json(&Disk.read(&folder.join(INDEX))?).map_err(said)?;
    let mut scripts = Vec::new();
    for part in parts {
        let name = index.module(&part).map_err(said)?;
        let module = Disk.read(&folder.join(Path::new(FOLDER)).join(name))?;
        index.check(&part, &module).map_err(said)?;
        let options = options(config, config.seconds);
        let script = Script::load(&part.files().join(", "), &module, &options);
        scripts.push(script.map_err(refused)?);
    }
    Ok(scripts)
}

#[cfg(all(test, feature = "scripts"))]
mod tests {
    use std::fs;

    use layerw_script::compile::{Source, compile};
    use layerw_script::packed::Part;

    use super::*;

    #[test]
    fn scripts_that_were_compiled_before_are_taken_or_refused_in_a_sentence() {
        let root = std::env::temp_dir().join(format!("layerw-packed-{}", std::process::id()));
        fs::create_dir_all(root.join(FOLDER)).expect("a folder");
        let text = "class Drift { update(speeds: f32[], dt: number) { for (let i = 0; i < speeds.length; i++) speeds[i] += dt; } }";
        let module = compile(&[Source::new("drift.ts", text)])
            .expect("no slip")
            .wasm();
        let mut index = Index::default();
        let name = index.add(&Part::Sources(vec!["drift.ts"]), &module);
        let (list, place) = (root.join(INDEX), root.join(FOLDER).join(name));
        let take = |script: &str, list_text: &[u8], module: &[u8]| {
            fs::write(&list, list_text).expect("the list");
            fs::write(&place, module).expect("the module");
            let settings = Settings::new().with_project(&root).with_script(script);
            load(&settings).map_err(|refused| refused.to_string())
        };
        let json = index.to_json();
        let taken = take("drift.ts", &json, &module).expect("as it was packed");
        assert_eq!(taken.len(), 1);
        assert_eq!(taken[0].name(), "drift.ts");
        assert_eq!(taken[0].manifest().systems[0].name, "Drift");
        for (script, list_text, module, part) in [
            ("drift.ts", &json[..], &module[1..], "another hash"),
            ("other.ts", &json, &module, "`other.ts` was not compiled"),
            ("other.js", &json, &module, "is no script"),
            ("drift.ts", b"[", &module, "the list of compiled scripts"),
        ] {
            let said = take(script, list_text, module).expect_err(part);
            assert!(said.contains(part), "{said}");
        }
        fs::remove_file(&list).expect("the list");
        let settings = Settings::new().with_project(&root).with_script("drift.ts");
        let said = load(&settings).expect_err("no list").to_string();
        assert!(said.contains("index.json"), "{said}");
        fs::remove_dir_all(&root).expect("the folder");
    }
}
