//! The files that are the same for every project, the page with its name, and what the page has to know of this one.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::json;

const FILES: [(&str, &str); 8] = [
    ("index.html", include_str!("../page/index.html")),
    ("page.js", include_str!("../page/page.js")),
    ("engine.js", include_str!("../page/engine.js")),
    ("run.js", include_str!("../page/run.js")),
    ("worker.js", include_str!("../page/worker.js")),
    ("host.js", include_str!("../page/host.js")),
    ("scripts.js", include_str!("../page/scripts.js")),
    ("isolate.js", include_str!("../page/isolate.js")),
];

/// Writes them.
pub fn write(out: &Path, name: &str, pages: u64, files: &[String]) -> Result<()> {
    let write = |file: &str, text: &str| {
        let path = out.join(file);
        fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))
    };
    for (file, text) in FILES {
        write(file, &text.replace("PROJECT_NAME", &escaped(name)))?;
    }
    let project = json!({ "pages": pages, "files": files });
    write("project.json", &format!("{project:#}\n"))
}

/// Text that means itself in HTML.
fn escaped(text: &str) -> String {
    let letter = |letter: char| match letter {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        other => other.to_string(),
    };
    text.chars().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_text_and_not_markup() {
        assert_eq!(escaped("a<b & \"c\">"), "a&lt;b &amp; &quot;c&quot;&gt;");
    }

    #[test]
    fn nothing_that_the_page_loads_is_forgotten() {
        for (file, text) in FILES {
            // Static imports, workers, service workers and the page's own script.
            for (place, _) in text.match_indices(".js\"") {
                let start = text[..place].rfind('"').map_or(0, |start| start + 1);
                let name = text[start..place].trim_start_matches("./");
                let name = format!("{name}.js");
                let known = FILES.iter().any(|(file, _)| *file == name) || name == "program.js";
                assert!(known, "{file} loads {name}");
            }
        }
    }
}
