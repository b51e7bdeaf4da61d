//! The part of TOML that our Cargo.toml files use: tables, dotted keys, strings, arrays over several lines. No inline table is taken apart.

/// The entries of a Cargo.toml, in order.
#[derive(Debug)]
pub struct Manifest {
    entries: Vec<Entry>,
}

/// `key = value` in a table.
#[derive(Debug)]
pub struct Entry {
    /// `dependencies`, or `target.'cfg(unix)'.dependencies`.
    pub table: String,
    /// `layerw-jobs.workspace`
    pub key: String,
    /// As written, without comments; an array in one line.
    pub value: String,
    /// From 1.
    pub line: usize,
}

impl Manifest {
    pub fn parse(text: &str) -> Manifest {
        let mut entries: Vec<Entry> = Vec::new();
        let mut table = String::new();
        let mut open = 0; // brackets of an array that goes on
        for (number, line) in (1..).zip(text.lines()) {
            let line = without_comment(line).trim();
            if open > 0 {
                if let Some(entry) = entries.last_mut() {
                    entry.value.push_str(line);
                }
                open += depth(line);
            } else if line.starts_with('[') {
                table = line.trim_matches(['[', ']']).to_owned();
            } else if let Some((key, value)) = line.split_once('=') {
                open = depth(value);
                let (key, value) = (key.trim().to_owned(), value.trim().to_owned());
                entries.push(Entry {
                    table: table.clone(),
                    key,
                    value,
                    line: number,
                });
            }
        }
        Manifest { entries }
    }

    /// The entries of a table.
    pub fn table(&self, name: &str) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.table == name)
    }

    /// A string, without its quotes; also that of `key.workspace`, which is `true`.
    pub fn value(&self, table: &str, key: &str) -> Option<&str> {
        let entry = self.table(table).find(|entry| entry.name() == key);
        entry.map(|entry| entry.value.trim_matches('"'))
    }

    /// Whether a table has a key.
    pub fn has(&self, table: &str, key: &str) -> bool {
        self.value(table, key).is_some()
    }

    /// The strings of an array.
    pub fn list(&self, table: &str, key: &str) -> Vec<String> {
        let value = self.value(table, key).unwrap_or_default();
        value
            .split('"')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect()
    }

    /// The entries of all tables of dependencies: for every target; for building, testing and running.
    pub fn dependencies(&self) -> impl Iterator<Item = &Entry> {
        let is_list = |entry: &&Entry| {
            let kind = entry.table.rsplit('.').next().unwrap_or_default();
            entry.table != "workspace.dependencies" && kind.ends_with("dependencies")
        };
        self.entries.iter().filter(is_list)
    }
}

impl Entry {
    /// The key up to its first dot.
    pub fn name(&self) -> &str {
        self.key
            .split('.')
            .next()
            .unwrap_or_default()
            .trim_matches('"')
    }
}

fn without_comment(line: &str) -> &str {
    let mut quoted = false;
    for (place, letter) in line.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            '#' if !quoted => return &line[..place],
            _ => {}
        }
    }
    line
}

/// How many more brackets a line opens than it closes.
fn depth(text: &str) -> i32 {
    let count = |bracket: char| text.matches(bracket).count() as i32;
    count('[') + count('{') - count(']') - count('}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r##"
[package]
name = "a" # a comment with "quotes"
license.workspace = true

[workspace]
members = [
    "one",
    # "not this",
    "two",
]

[features]
loom = ["dep:loom"]

[dependencies]
layerw-jobs.workspace = true
loom = { workspace = true, optional = true }

[target.'cfg(unix)'.dev-dependencies]
rustix = { workspace = true, features = ["termios"] }
"##;

    #[test]
    fn a_manifest_is_read() {
        let manifest = Manifest::parse(TEXT);
        assert_eq!(manifest.value("package", "name"), Some("a"));
        assert_eq!(manifest.value("package", "license"), Some("true"));
        assert_eq!(manifest.value("package", "description"), None);
        assert_eq!(manifest.list("workspace", "members"), ["one", "two"]);
        assert!(manifest.has("features", "loom"));
        let names: Vec<&str> = manifest.dependencies().map(Entry::name).collect();
        assert_eq!(names, ["layerw-jobs", "loom", "rustix"]);
        assert_eq!(
            manifest.dependencies().last().map(|entry| entry.line),
            Some(21)
        );
    }
}
