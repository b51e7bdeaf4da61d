//! Pictures of the examples, compared with those in `golden`, which were looked at.
//!
//! One that differs is written to `target/`; with `LAYERW_GOLDEN=1` it takes the place of the old one.

use std::fs;
use std::path::Path;

use layerw::draw::{Picture, PictureOptions, Quality};
use layerw::{Jobs, Result, Runner, RunnerOptions, Settings, Sim, on_fresh_thread};

/// The lowest tier, which every adapter draws alike but for edges.
const SMALL: PictureOptions = PictureOptions {
    width: 240,
    height: 135,
    quality: Quality::Low,
};

fn check(
    name: &str,
    sim: fn(&Settings) -> Result<Sim>,
    (setting, value): (&str, &str),
    steps: u64,
) {
    let picture = on_fresh_thread(name, 0, || {
        let jobs = Jobs::new(2).expect("workers");
        let settings = Settings::new().with(setting, value);
        let sim = sim(&settings).expect("a simulation");
        let mut runner = Runner::new(sim, &jobs, RunnerOptions::default()).expect("a runner");
        for _ in 0..steps {
            runner.step().expect("no system panics");
        }
        let hash = runner.hash();
        let picture = runner
            .picture(&SMALL)
            .unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(runner.hash(), hash, "a picture moves no hash");
        picture
    });
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let golden = root.join(format!("golden/{name}.png"));
    if std::env::var_os("LAYERW_GOLDEN").is_some() {
        fs::write(&golden, picture.png()).expect("the folder is there");
    }
    let file = fs::read(&golden).unwrap_or_else(|error| panic!("{}: {error}", golden.display()));
    let wanted = Picture::from_png(&file).expect("one of ours");
    let apart = picture.difference(&wanted);
    // Small bright things that fall a pixel otherwise are the largest difference between adapters.
    if apart.mean > 1.0 || apart.largest > 60.0 {
        let beside = root.join(format!("../target/{name}.png"));
        fs::create_dir_all(root.join("../target")).expect("a folder");
        fs::write(&beside, picture.png()).expect("a file");
        panic!(
            "{apart:?}: compare {} with {}",
            beside.display(),
            golden.display()
        );
    }
}

#[test]
fn flock() {
    check("flock", flock::sim, ("boids", "2000"), 30);
}

#[test]
fn solar_system() {
    check(
        "solar-system",
        solar_system::sim,
        ("asteroids", "20000"),
        10,
    );
}
