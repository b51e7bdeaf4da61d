use super::scripts::{OnTrap, ScriptRuntime};
use super::*;
use crate::draw::Quality;
use layerw_ecs::schedule::{OverScratch, ScratchBudget};
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
         [systems.look]\nscratch = '1 MiB'\n[systems.'turn twice']\nscratch = 100\nover = 'degrade'\n\
         [scripts]\nfiles = ['a.ts', 'b.wasm']\ncompiler = 'assemblyscript'\nruntime = 'wasmi'\non_trap = 'quarantine'\nmemory = '1 MiB'\nseconds = 0.5\nbatch = 64\n\
         [view]\nwidth = 640\nheight = 360\nquality = 'low'\nfullscreen = true\n\
         [run]\nframes = 600\nthreads = 2\ndt = 0.02\nseed = 7\n",
    )
    .unwrap();
    assert!(config.view.fullscreen);
    let view = config.view.picture;
    assert_eq!(
        (view.width, view.height, view.quality),
        (640, 360, Quality::Low)
    );
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
    let memory = config.memory.config();
    assert_eq!(
        (memory.total, memory.logic, memory.scene),
        (1 << 30, 512 << 20, 64 << 20)
    );
    assert_eq!(
        memory.gpu,
        256 << 20,
        "what is left out is split as by default"
    );
    assert_eq!(memory.regions[0].name, "terrain");
    let smaller = config.memory.with_total(640 << 20);
    assert_eq!((smaller.logic, smaller.gpu), (512 << 20, 160 << 20));
    let systems: Vec<_> = config
        .systems
        .iter()
        .map(|system| {
            let ScratchBudget { bytes, over } = system.scratch;
            (system.name.as_str(), bytes, over, system.place.line)
        })
        .collect();
    assert_eq!(
        systems,
        [
            ("look", 1 << 20, OverScratch::Error, 16),
            ("turn twice", 100, OverScratch::Degrade, 18)
        ]
    );
    assert_eq!(
        config.scripts,
        ScriptsConfig {
            files: vec!["a.ts".to_owned(), "b.wasm".to_owned()],
            compiler: ScriptCompiler::AssemblyScript,
            runtime: Some(ScriptRuntime::Wasmi),
            on_trap: OnTrap::Quarantine,
            memory: Some(1 << 20),
            seconds: Some(0.5),
            batch: std::num::NonZeroU32::new(64),
        }
    );
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
            "`layerw.toml`, line 2: `meory` is not known here; allowed: project, settings, memory, systems, scripts, input, view, run",
        ),
        (
            "[run]\nthreds = 2\n",
            "`layerw.toml`, line 2: `run.threds` is not known here; allowed: frames, threads, dt, seed",
        ),
        (
            "[scripts]\n",
            "`layerw.toml`, line 1: `scripts` lacks `files`; add it",
        ),
        (
            "[scripts]\nfiles = 'a.ts'\n",
            "`layerw.toml`, line 2: `scripts.files = 'a.ts'` cannot be used; give a list of files, such as [\"movement.ts\"]",
        ),
        (
            "[scripts]\nfiles = ['']\n",
            "`layerw.toml`, line 2: `scripts.files = ['']` cannot be used; give a list of files, such as [\"movement.ts\"]",
        ),
        (
            "[scripts]\nfiles = []\non_trap = 'ignore'\n",
            "`layerw.toml`, line 3: `scripts.on_trap = 'ignore'` cannot be used; give \"stop\" or \"quarantine\"",
        ),
        (
            "[scripts]\nfiles = []\nruntime = 'v8'\n",
            "`layerw.toml`, line 3: `scripts.runtime = 'v8'` cannot be used; give \"wasmtime\", \"wasmi\" or \"quickjs\"",
        ),
        (
            "[scripts]\nfiles = []\nbatch = 0\n",
            "`layerw.toml`, line 3: `scripts.batch = 0` cannot be used; give a whole number of rows from 1 on",
        ),
        (
            "[scripts]\nfiles = []\nseconds = 0\n",
            "`layerw.toml`, line 3: `scripts.seconds = 0` cannot be used; give a number of seconds above 0",
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
            "\"a\\nb\" = 1\n",
            "`layerw.toml`, line 1: `a\\nb` is not known here; allowed: project, settings, memory, systems, scripts, input, view, run",
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
        (
            "[systems.look]\nover = 'error'\n",
            "`layerw.toml`, line 1: `systems.look` lacks `scratch`; add it",
        ),
        (
            "[systems.look]\nscratch = 1\nover = 'ignore'\n",
            "`layerw.toml`, line 3: `systems.look.over = 'ignore'` cannot be used; give \"error\" or \"degrade\"",
        ),
        (
            "[systems]\nlook = '1 MiB'\n",
            "`layerw.toml`, line 2: `systems.look` is not known here; allowed: sections [systems.NAME]",
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

/// What a `[memory]` section comes to: pages in all and of each pool, and the sizes that were rounded; or the refusal.
fn arena(section: &str) -> Result<(u32, [u32; 3], Vec<String>), String> {
    let config = parse(&format!("[memory]\n{section}")).map_err(|error| error.to_string())?;
    let layout = config
        .memory
        .config()
        .validate()
        .expect("what is read fits");
    let pools = layout.windows.map(|window| window.pages);
    let rounded = layout.roundings.into_iter();
    let rounded = rounded.map(|size| format!("{} {} to {}", size.name, size.asked, size.given));
    Ok((layout.pages, pools, rounded.collect()))
}

#[test]
fn every_size_of_arena_is_split_or_refused() {
    for (section, pages, pools) in [
        ("", 65_536, [32_768, 16_384, 16_384]),
        ("total = '16 MiB'", 256, [128, 64, 64]),
        ("total = '64 MiB'", 1_024, [512, 256, 256]),
        ("total = '1 GiB'", 16_384, [8_192, 4_096, 4_096]),
        ("total = '4 GiB'", 65_536, [32_768, 16_384, 16_384]),
        (
            "total = '4 GiB'\nlogic = '200 MiB'",
            65_536,
            [3_200, 16_384, 16_384],
        ),
        (
            "total = '16 MiB'\nlogic = '16 MiB'\nscene = 0\ngpu = 0",
            256,
            [256, 0, 0],
        ),
        ("total = 1", 1, [0, 0, 0]),
    ] {
        let (all, split, _) =
            arena(section).unwrap_or_else(|refusal| panic!("{section}: {refusal}"));
        assert_eq!((all, split), (pages, pools), "{section}");
    }
    let odd = arena("total = 16777215\nlogic = '5000 KiB'\n[memory.a]\npool = 'gpu'\nbudget = 1");
    let rounded = [
        "total 16777215 to 16777216",
        "logic 5120000 to 5177344",
        "a 1 to 65536",
    ];
    assert_eq!(
        odd,
        Ok((256, [79, 63, 63], rounded.map(String::from).into()))
    );
    let size = "cannot be used; give a size such as 1048576 or \"64 MiB\"";
    for (section, refusal) in [
        ("total = 0", "line 1: memory: total is 0 B, it must be between 1 B and 4 GiB; set another total".to_owned()),
        ("total = '4097 MiB'", "line 1: memory: total is 4296015872 B, it must be between 1 B and 4 GiB; set another total".to_owned()),
        ("total = -1", format!("line 2: `memory.total = -1` {size}")),
        ("total = '-1 MiB'", format!("line 2: `memory.total = '-1 MiB'` {size}")),
        ("logic = 99999999999999999999", format!("line 2: `memory.logic = 99999999999999999999` {size}")),
        ("logic = '99999999999 GiB'", format!("line 2: `memory.logic = '99999999999 GiB'` {size}")),
        ("scene = 1.5", format!("line 2: `memory.scene = 1.5` {size}")),
        (
            "total = '16 MiB'\nlogic = '17 MiB'",
            "line 1: memory: the pools logic (17 MiB), scene (4 MiB) and gpu (4 MiB) need 25 MiB together, more than the total of \
             16 MiB; lower a pool's budget or raise the total".to_owned(),
        ),
        (
            "total = '16 MiB'\n[memory.a]\npool = 'logic'\nbudget = '9 MiB'",
            "line 1: memory: region \"a\" asks for 9 MiB of pool logic, where 0 B of 8 MiB are promised to regions before it; lower \
             its budget or raise the pool's".to_owned(),
        ),
    ] {
        assert_eq!(arena(section), Err(format!("`layerw.toml`, {refusal}")), "{section}");
    }
    // The largest numbers that are numbers: no sum wraps.
    for key in ["logic", "scene", "gpu"] {
        let refusal = arena(&format!("{key} = 18446744073709551615")).expect_err("too much");
        assert!(
            refusal.contains("more than the total of 4 GiB"),
            "{refusal}"
        );
    }
}

#[test]
fn budgets_can_stand_in_a_file_of_their_own() {
    let files = InMemory::default();
    let write = |name: &str, text: &str| {
        let mut draft = files.create(Path::new(name)).unwrap();
        draft.write_all(text.as_bytes()).unwrap();
        draft.commit().unwrap();
    };
    write(
        "budget.toml",
        "[memory]\ntotal = '16 MiB'\n[systems.look]\nscratch = 1\n",
    );
    let mut config =
        parse("[memory]\ntotal = '1 GiB'\nlogic = '1 MiB'\n[run]\nframes = 5\n").unwrap();
    config
        .take_budgets(&files, Path::new("budget.toml"))
        .unwrap();
    assert_eq!(
        config.memory.config(),
        layerw_memory::MemoryConfig::with_total(16 << 20)
    );
    assert_eq!((config.systems.len(), config.run.frames), (1, Some(5)));
    write("run.toml", "[run]\nframes = 5\n");
    let refusal = config
        .take_budgets(&files, Path::new("run.toml"))
        .unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "`run.toml`, line 1: `run` is not known here; allowed: memory, systems"
    );
    assert!(config.take_budgets(&files, Path::new("none.toml")).is_err());
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

#[test]
fn pictures_of_no_size_or_quality_are_refused() {
    assert_eq!(
        refusal("[view]\nwidth = 0\n"),
        "`layerw.toml`, line 2: `view.width = 0` cannot be used; give a whole number of pixels from 1 to 16384"
    );
    assert_eq!(
        refusal("[view]\nquality = 'best'\n"),
        "`layerw.toml`, line 2: `view.quality = 'best'` cannot be used; give \"auto\", \"low\", \"medium\" or \"high\""
    );
    assert_eq!(
        refusal("[view]\nfullscreen = 'yes'\n"),
        "`layerw.toml`, line 2: `view.fullscreen = 'yes'` cannot be used; give true or false"
    );
}
