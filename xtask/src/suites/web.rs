//! Projects as pages, opened in Chromium: the native hashes with all workers and with one, and what people see when something is missing.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::hosts::{differ, hashes};
use super::{Checks, plural};
use crate::step::Step;
use crate::tools;

/// The name of this host, for `--allow-missing`.
pub const HOST: &str = "web";

/// What runs natively and on a page, with enough to do for two workers.
struct Project {
    name: &'static str,
    setting: &'static str,
    /// How the native program is built: those with scripts as other suites do, because the machine code generator takes minutes.
    profile: &'static str,
    /// Whether its work is for all workers.
    is_shared: bool,
}

const PROJECTS: [Project; 6] = [
    Project::compiled("hello", "points=50000"),
    Project::compiled("flock", "boids=5000"),
    Project::compiled("solar-system", "asteroids=1000"),
    Project::scripted("script-movement", "points=50000"),
    Project::scripted("script-flock", "boids=5000"),
    // One grain after another.
    Project {
        is_shared: false,
        ..Project::scripted("particles", "grains=2000")
    },
];

impl Project {
    const fn compiled(name: &'static str, setting: &'static str) -> Project {
        Project {
            name,
            setting,
            profile: "",
            is_shared: true,
        }
    }

    const fn scripted(name: &'static str, setting: &'static str) -> Project {
        Project {
            profile: "--profile checked",
            ..Project::compiled(name, setting)
        }
    }
}

/// The program of this workspace that fails on a worker of one's choice, and the script that fails at an entity.
const FAILS: &str = "tests";
const SCRIPT_FAILS: &str = "script-fails";

pub(super) fn web(checks: &mut Checks<'_>) {
    let work = tools::target(checks.root).join("web");
    let browser = tools::web_compiler()
        .and_then(|()| tools::node())
        .and_then(|()| tools::chromium())
        .and_then(|program| Ok((program, tools::playwright(&work.join("playwright"))?)));
    let (program, playwright) = match browser {
        Ok(found) => found,
        Err(missing) if checks.options.allow_missing.iter().any(|host| host == HOST) => {
            println!("note: {HOST} did not run: {missing}");
            return;
        }
        Err(missing) => return checks.check(HOST, Some(missing)),
    };
    let browser = Browser {
        script: checks.root.join("xtask/hosts/browser.mjs"),
        playwright,
        program,
        work,
    };
    // As other suites look at the compiler of scripts, which it has inside.
    const LOOKED_AT: &str = "--package layerw-web-pack --profile checked";
    checks.step(Step::cargo(&format!(
        "clippy --quiet {LOOKED_AT} --all-targets -- -D warnings"
    )));
    let doc = format!("doc --quiet {LOOKED_AT} --no-deps --document-private-items");
    checks.step(Step::cargo(&doc).env("RUSTDOCFLAGS", "-D warnings"));
    // As it is built to be used, so that wasm-bindgen is built once.
    checks.step(Step::tests("test --release --package layerw-web-pack"));
    for (name, folder) in PROJECTS
        .map(|project| (project.name, format!("examples/{}", project.name)))
        .into_iter()
        .chain([
            (FAILS, FAILS.to_owned()),
            (SCRIPT_FAILS, format!("tests/{SCRIPT_FAILS}")),
        ])
    {
        let line = format!("run --release -- web {folder} --out");
        let page = checks.step(Step::cargo(&line).arg(browser.work.join(name)));
        if page.failure.is_some() {
            return;
        }
    }
    for project in &PROJECTS {
        same_hashes(checks, &browser, project);
        steady(checks, &browser, project);
    }
    steps_down(checks, &browser);
    says_what_is_wrong(checks, &browser);
}

/// A page as it was shown when its run had ended.
struct Page {
    /// The lines with hashes.
    hashes: Vec<String>,
    /// What else it shows, and what was asked of it.
    shown: HashMap<String, String>,
    /// What the console was told.
    errors: Vec<String>,
}

impl Page {
    fn of(output: &str) -> Page {
        let (mut shown, mut errors) = (HashMap::new(), Vec::new());
        let mut printed = String::new();
        for line in output.lines() {
            let Some(line) = line.strip_prefix("page ") else {
                printed.extend([line, "\n"]);
                continue;
            };
            match line.split_once(' ').unwrap_or((line, "")) {
                ("error", text) => errors.push(text.to_owned()),
                (name, value) => {
                    shown.insert(name.to_owned(), value.to_owned());
                }
            }
        }
        Page {
            hashes: hashes(&printed),
            shown,
            errors,
        }
    }

    fn shown(&self, name: &str) -> &str {
        self.shown.get(name).map_or("", String::as_str)
    }

    /// Numbers that stand there, whatever separates them.
    fn numbers(&self, name: &str) -> Vec<u64> {
        let words = self
            .shown(name)
            .split(|letter: char| !letter.is_ascii_digit());
        words.filter_map(|word| word.parse().ok()).collect()
    }

    /// None if the run ended well, with nothing on the console, on so many workers.
    fn failure(&self, workers: u64) -> Option<String> {
        if self.shown("state") != "done" {
            return Some(format!("it ended as `{}`", self.shown("state")));
        }
        if let Some(error) = self.errors.first() {
            return Some(format!("the console says `{error}`"));
        }
        (self.numbers("workers") != [workers])
            .then(|| format!("it had `{}` workers", self.shown("workers")))
    }
}

/// Opens pages.
struct Browser {
    script: PathBuf,
    playwright: PathBuf,
    program: PathBuf,
    /// Where the pages are, and files that they offer.
    work: PathBuf,
}

impl Browser {
    /// Opens a project's page in one of the script's ways, with parameters for the run.
    fn open(
        &self,
        checks: &mut Checks<'_>,
        project: &str,
        way: &str,
        parameters: &str,
        more: &[(&str, &Path)],
    ) -> Page {
        let folder = self.work.join(project);
        let paths = [&self.script, &self.playwright, &self.program, &folder];
        let words = std::iter::once(OsString::from("node"))
            .chain(paths.map(OsString::from))
            .chain([way.into(), parameters.into()]);
        let step = more
            .iter()
            .fold(Step::program(words.collect()), |step, (option, value)| {
                step.arg(*option).arg(*value)
            });
        Page::of(&checks.step(step).output)
    }
}

/// What the native program prints of hashes.
fn native(
    checks: &mut Checks<'_>,
    project: &Project,
    options: &str,
    more: &[(&str, &Path)],
) -> Vec<String> {
    let Project { name, profile, .. } = project;
    let line = format!("run --release -- run examples/{name} {profile} --threads 2 {options}");
    let step = more
        .iter()
        .fold(Step::cargo(&line), |step, (option, path)| {
            step.arg(*option).arg(*path)
        });
    hashes(&checks.step(step).output)
}

/// All workers, then one from the same files; and there and back with snapshots.
fn same_hashes(checks: &mut Checks<'_>, browser: &Browser, tested: &Project) {
    let Project {
        name: project,
        setting,
        ..
    } = tested;
    let own = browser.work.join(format!("{project}-native.snapshot"));
    let offered = format!("{project}-page.snapshot");
    let kept = browser.work.join("offered");
    let first = format!("--frames 200 --hash-every 100 --set {setting}");
    let then = "--frames 100 --hash-every 100";
    let straight = native(checks, tested, &first, &[("--snapshot", &own)]);
    let continued = native(checks, tested, then, &[("--restore", &own)]);

    let parameters =
        format!("threads=2&frames=200&hash-every=100&set={setting}&snapshot={offered}");
    let page = browser.open(
        checks,
        project,
        "isolated",
        &parameters,
        &[("--keep", &kept)],
    );
    checks.check(
        &format!("{project}: a page with two workers has the native hashes"),
        page.failure(2).or_else(|| differ(&straight, &page.hashes)),
    );
    if tested.is_shared {
        checks.check(
            &format!("{project}: each worker of the page does its share"),
            uneven(&page.numbers("jobs")),
        );
    }
    let back = native(checks, tested, then, &[("--restore", &kept.join(&offered))]);
    checks.check(
        &format!("{project}: the native program goes on from the page's snapshot"),
        differ(&continued, &back),
    );

    let parameters = format!("frames=200&hash-every=100&set={setting}");
    let page = browser.open(checks, project, "plain", &parameters, &[]);
    let silent = !page.shown("note").contains("COOP and COEP");
    checks.check(
        &format!("{project}: a page without the headers has them, too, on one worker, and says so"),
        page.failure(1)
            .or_else(|| differ(&straight, &page.hashes))
            .or_else(|| silent.then(|| format!("it says `{}`", page.shown("note")))),
    );

    // It fails for want of the file, is given it, and is run again.
    let name = own.file_name().unwrap_or_default().to_string_lossy();
    let parameters = format!("threads=2&frames=100&hash-every=100&restore={name}");
    let page = browser.open(
        checks,
        project,
        "isolated",
        &parameters,
        &[("--give", &own)],
    );
    let missing = |error: &String| error.contains(&*name);
    checks.check(
        &format!("{project}: the page goes on from the native snapshot"),
        (!page.errors.iter().any(missing))
            .then(|| "it did not ask for the snapshot".to_owned())
            .or_else(|| differ(&continued, &page.hashes)),
    );
}

/// A worker that did a tenth of the jobs or less.
fn uneven(jobs: &[u64]) -> Option<String> {
    let all: u64 = jobs.iter().sum();
    let fair = jobs.len() == 2 && jobs.iter().all(|&count| count * 10 > all);
    (!fair).then(|| format!("{jobs:?} jobs"))
}

/// Two thousand steps in the memory of the first hundred, and none with an allocation.
fn steady(checks: &mut Checks<'_>, browser: &Browser, tested: &Project) {
    let Project {
        name: project,
        setting,
        ..
    } = tested;
    let parameters = format!("threads=2&frames=2100&hash-every=100&set={setting}");
    let page = browser.open(checks, project, "isolated", &parameters, &[]);
    // The lines of the hashes come first; the report, which is made after the last step, may take a page.
    let memory = page.numbers("memory");
    let grown = match memory.get(..21) {
        Some([first, .., last]) if first == last => None,
        _ => Some(format!("the memory had these sizes: {memory:?}")),
    };
    let allocated = page.shown("allocations");
    checks.check(
        &format!("{project}: a page stays in its memory over 2 000 steps, without an allocation"),
        page.failure(2)
            .or(grown)
            .or_else(|| (allocated != "0").then(|| format!("{allocated} allocations in a step"))),
    );
}

/// Ways of being served and of browsers that lack something.
fn steps_down(checks: &mut Checks<'_>, browser: &Browser) {
    let Project {
        name: project,
        setting,
        ..
    } = &PROJECTS[0];
    let expected = native(
        checks,
        &PROJECTS[0],
        &format!("--frames 200 --hash-every 100 --set {setting}"),
        &[],
    );
    let parameters = format!("frames=200&hash-every=100&set={setting}&threads=2");
    for (way, workers, note) in [
        ("service-worker", 2, ""),
        ("no-workers", 1, "no web workers"),
        ("lost-worker", 1, "worker.js"),
    ] {
        let mut page = browser.open(checks, project, way, &parameters, &[]);
        // The browser's own words for a file that is not there.
        page.errors
            .retain(|error| way != "lost-worker" || !error.contains("404"));
        let silent = !page.shown("note").contains(note);
        checks.check(
            &format!(
                "{project}: {way}: the native hashes on {}",
                plural(workers, "worker")
            ),
            page.failure(workers as u64)
                .or_else(|| differ(&expected, &page.hashes))
                .or_else(|| silent.then(|| format!("it says `{}`", page.shown("note")))),
        );
    }
    let twice = [expected.clone(), expected].concat();
    let page = browser.open(
        checks,
        project,
        "isolated",
        &parameters,
        &[("--again", Path::new(""))],
    );
    checks.check(
        &format!("{project}: a second run on the same page is as the first"),
        page.failure(2).or_else(|| differ(&twice, &page.hashes)),
    );
}

/// A sentence for each thing that can be wrong.
fn says_what_is_wrong(checks: &mut Checks<'_>, browser: &Browser) {
    for (project, way, parameters, parts) in [
        ("hello", "isolated", "frames=many", ["frames", "many"]),
        ("hello", "isolated", "set=boids=3", ["boids", "points"]),
        ("hello", "isolated", "threads=0", ["threads", "0"]),
        (
            "hello",
            "lost-engine",
            "frames=3",
            ["failed", "load the page again"],
        ),
        (
            "hello",
            "lost-program",
            "frames=3",
            ["program_bg.wasm", "load the page again"],
        ),
        (
            FAILS,
            "isolated",
            "threads=2&set=worker=0",
            ["`fragile`", "worker 0"],
        ),
        (
            FAILS,
            "isolated",
            "threads=2&set=worker=1",
            ["`fragile`", "worker 1"],
        ),
        (FAILS, "plain", "set=worker=0", ["`fragile`", "worker 0"]),
        (
            SCRIPT_FAILS,
            "isolated",
            "threads=2",
            [
                "script `fails.ts`, system `Reach` at fails.ts:24:",
                "entity 7v1, step 3: a row beyond the last one",
            ],
        ),
        (
            SCRIPT_FAILS,
            "lost-script",
            "",
            ["project/compiled-scripts/0.wasm", "load the page again"],
        ),
        (
            SCRIPT_FAILS,
            "changed-script",
            "",
            [
                "compiled-scripts/0.wasm`, the module of `fails.ts`, is not the one",
                "load the page again",
            ],
        ),
    ] {
        let page = browser.open(checks, project, way, parameters, &[]);
        let state = page.shown("state");
        let named = state.starts_with("failed: ") && parts.iter().all(|part| state.contains(part));
        checks.check(
            &format!("{project}: {way}: `{parameters}` ends with a sentence"),
            (!named).then(|| format!("it says `{state}`")),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_page_shows_is_read() {
        let page = Page::of(
            "hash a\npage hash a\npage state done\npage workers 2\npage jobs 90, 10\npage memory 8 8 9\npage note\n",
        );
        assert_eq!(page.hashes, ["hash a"]);
        assert_eq!(page.failure(2), None);
        assert_eq!(page.failure(1).as_deref(), Some("it had `2` workers"));
        assert_eq!(page.numbers("memory"), [8, 8, 9]);
        assert_eq!(
            uneven(&page.numbers("jobs")).as_deref(),
            Some("[90, 10] jobs")
        );
        assert_eq!(uneven(&[89, 11]), None);
        assert!(uneven(&[]).is_some());
        let page = Page::of("page state done\npage workers 2\npage error no\n");
        assert_eq!(page.failure(2).as_deref(), Some("the console says `no`"));
        assert!(Page::of("").failure(0).is_some());
    }
}
