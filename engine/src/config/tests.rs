use super::*;
use layerw_platform::files::{Draft, InMemory};
use std::io::Write;

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(Path::new("layerw.toml"), text)
}

fn refusal(text: &str) -> String {
    parse(text).expect_err("a refusal").to_string()
}

#[test]
fn no_file_is_an_empty_file() {
    let files = InMemory::default();
    let config = Config::load(&files, Path::new(".")).unwrap();
    assert_eq!(config, Config::default());
    assert_eq!(parse("").unwrap(), config);
}

#[test]
fn everything_can_be_said() {
    let config = parse(
        "[project]\nname = 'flock'\n\
         [settings]\nboids = 2_000\nradius = 1.5\nwalls = true\nstart = '2010-01-01'\nmask = 0x1f\n\
         [memory]\ntotal = '1 GiB'\nlogic = 536870912\nscene = '64 MiB'\n\
         [memory.terrain]\npool = 'logic'\nbudget = '1 MiB'\n\
         [run]\nframes = 600\nthreads = 2\ndt = 0.02\nseed = 7\n",
    )
    .unwrap();
    assert_eq!(config.name.as_deref(), Some("flock"));
    let settings: Vec<_> = config
        .settings
        .iter()
        .map(|s| format!("{}: {}={}", s.line, s.name, s.text))
        .collect();
    assert_eq!(
        settings,
        [
            "4: boids=2000",
            "8: mask=31",
            "5: radius=1.5",
            "7: start=2010-01-01",
            "6: walls=true"
        ]
    );
    assert_eq!(
        (
            config.memory.total,
            config.memory.logic,
            config.memory.scene
        ),
        (1 << 30, 512 << 20, 64 << 20)
    );
    assert_eq!(
        config.memory.gpu,
        256 << 20,
        "what is left out is split as by default"
    );
    assert_eq!(config.memory.regions[0].name, "terrain");
    assert_eq!(
        config.run,
        RunDefaults {
            frames: Some(600),
            threads: Some(2),
            dt: Some(0.02),
            seed: Some(7)
        }
    );
}

#[test]
fn mistakes_are_named_with_their_line_and_what_is_allowed() {
    for (text, message) in [
        (
            "[memory\n",
            "`layerw.toml`, line 1: unclosed table, expected `]`; correct the line",
        ),
        (
            "\n[meory]\n",
            "`layerw.toml`, line 2: `meory` is not known here; allowed: project, settings, memory, run",
        ),
        (
            "[run]\nthreds = 2\n",
            "`layerw.toml`, line 2: `run.threds` is not known here; allowed: frames, threads, dt, seed",
        ),
        (
            "[run]\nthreads = 0\n",
            "`layerw.toml`, line 2: `run.threads = 0` cannot be used; give a whole number of workers from 1 to 1023",
        ),
        (
            "[run]\nthreads = 'two'\n",
            "`layerw.toml`, line 2: `run.threads = 'two'` cannot be used; give a whole number of workers from 1 to 1023",
        ),
        (
            "[run]\nframes = -1\n",
            "`layerw.toml`, line 2: `run.frames = -1` cannot be used; give a whole number of steps, 0 or more",
        ),
        (
            "[run]\ndt = nan\n",
            "`layerw.toml`, line 2: `run.dt = nan` cannot be used; give a number of seconds above 0",
        ),
        (
            "run = 1\n",
            "`layerw.toml`, line 1: `run = 1` cannot be used; give a section [run]",
        ),
        (
            "[project]\nname = ''\n",
            "`layerw.toml`, line 2: `project.name = ''` cannot be used; give a text of at least one letter",
        ),
        (
            "[settings]\nboids = [1,\n2]\n",
            "`layerw.toml`, line 2: `settings.boids = [1,` cannot be used; give a number, a text, true or false",
        ),
        (
            "[memory]\nlogic = '1 GB'\n",
            "`layerw.toml`, line 2: `memory.logic = '1 GB'` cannot be used; give a size such as 1048576 or \"64 MiB\"",
        ),
        (
            "[memory]\nlgic = '1 GiB'\n",
            "`layerw.toml`, line 2: `memory.lgic` is not known here; allowed: total, logic, scene, gpu",
        ),
        (
            "[memory.a]\nbudget = 1\n",
            "`layerw.toml`, line 1: `memory.a` lacks `pool`; add it",
        ),
        (
            "[memory.a]\npool = 'gpu'\n",
            "`layerw.toml`, line 1: `memory.a` lacks `budget`; add it",
        ),
        (
            "[memory.a]\npool = 'disk'\nbudget = 1\n",
            "`layerw.toml`, line 2: `memory.a.pool = 'disk'` cannot be used; give \"logic\", \"scene\" or \"gpu\"",
        ),
        (
            "[memory.a]\npool = 'gpu'\nbudget = 1\nsize = 2\n",
            "`layerw.toml`, line 4: `memory.a.size` is not known here; allowed: pool, budget",
        ),
    ] {
        assert_eq!(refusal(text), message, "{text}");
    }
}

#[test]
fn budgets_that_do_not_fit_are_named() {
    assert_eq!(
        refusal("[run]\n[memory]\ntotal = '1 MiB'\nlogic = '2 MiB'\n"),
        "`layerw.toml`, line 2: memory: the pools logic (2 MiB), scene (256 KiB) and gpu (256 KiB) need 2.50 MiB together, \
         more than the total of 1 MiB; lower a pool's budget or raise the total"
    );
}

#[test]
fn a_file_that_is_no_text_is_named_with_its_place() {
    let files = InMemory::default();
    let path = Path::new("project/layerw.toml");
    let mut draft = files.create(path).unwrap();
    draft.write_all(b"[run]\n\xff").unwrap();
    draft.commit().unwrap();
    let error = Config::load(&files, Path::new("project")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`project/layerw.toml` is no UTF-8 text from byte 6 on; save it as UTF-8"
    );
}

/// No input may panic: every prefix of a whole file, and every byte of it changed.
#[test]
fn damaged_files_are_refused_and_never_panic() {
    let text = "[project]\nname = 'f'\n[settings]\nb = 2.5\n[memory]\nlogic = '64 MiB'\n[memory.t]\npool = 'gpu'\nbudget = 1\n[run]\ndt = 1e-2\n";
    for end in 0..=text.len() {
        let _ = parse(&text[..end]);
    }
    for at in 0..text.len() {
        for byte in [b'\n', b'[', b'=', b'\'', b'0', b'z', b'.', b' '] {
            let mut bytes = text.as_bytes().to_vec();
            bytes[at] = byte;
            let _ = parse(std::str::from_utf8(&bytes).expect("ASCII"));
        }
    }
}
