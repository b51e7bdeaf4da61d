use super::*;

fn message<T: fmt::Debug>(result: Result<T>) -> String {
    result.expect_err("a refusal").to_string()
}

fn option(name: &str, text: &str) -> Settings {
    let mut settings = Settings::new();
    settings.give(name, text, Origin::Option);
    settings
}

#[test]
fn a_value_given_wins_over_the_default() {
    let settings = Settings::new()
        .with("boids", "7")
        .with("radius", "2.50")
        .with("start", "2010-01-01")
        .with("post-newtonian", "true");
    assert_eq!(settings.integer("boids", 5, 1..10, "boids").unwrap(), 7);
    assert_eq!(settings.number("radius", 1.0, 0.0.., "m").unwrap(), 2.5);
    assert_eq!(settings.number("speed", 1.5, 0.0.., "m/s").unwrap(), 1.5);
    assert_eq!(
        settings.text("start", "1910", "date").unwrap(),
        "2010-01-01"
    );
    assert!(settings.flag("post-newtonian", "a term").unwrap());
    assert!(!settings.flag("moon-only", "no planets").unwrap());
    settings.check_all_asked().unwrap();
    let values: Vec<_> = settings
        .values()
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    assert_eq!(
        values,
        [
            "boids=7",
            "moon-only=false",
            "post-newtonian=true",
            "radius=2.5",
            "speed=1.5",
            "start=2010-01-01"
        ]
    );
}

#[test]
fn wrong_values_are_named_with_what_is_allowed() {
    assert_eq!(
        message(option("boids", "many").integer("boids", 5, 1..=10, "")),
        "`--set` gives `boids=many`, but `many` is no whole number; give a whole number from 1 to 10"
    );
    assert_eq!(
        message(option("boids", "11").integer("boids", 5, 1..11, "")),
        "`--set` gives `boids=11`, but `11` is out of range; give a whole number from 1 to 10"
    );
    assert_eq!(
        message(option("boids", "99999999999999999999").integer("boids", 5, .., "")),
        "`--set` gives `boids=99999999999999999999`, but `99999999999999999999` is no whole number; give a whole number"
    );
    assert_eq!(
        message(option("radius", "NaN").number("radius", 1.0, 0.0.., "")),
        "`--set` gives `radius=NaN`, but `NaN` is not finite; give a number of 0.0 or more"
    );
    assert_eq!(
        message(option("radius", "1e999").number("radius", 1.0, 0.0..1.5, "")),
        "`--set` gives `radius=1e999`, but `1e999` is not finite; give a number of 0.0 or more and below 1.5"
    );
    assert_eq!(
        message(option("moon", "yes").flag("moon", "")),
        "`--set` gives `moon=yes`, but `yes` is no switch; give true or false"
    );
    let mut file = Settings::new();
    let origin = Origin::File {
        path: "layerw.toml".into(),
        line: 4,
    };
    file.give("boids", "0", origin);
    assert_eq!(
        message(file.integer("boids", 5, 1.., "")),
        "`layerw.toml`, line 4 gives `boids=0`, but `0` is out of range; give a whole number of 1 or more"
    );
}

#[test]
fn a_name_that_nobody_asked_for_is_refused_with_those_that_were() {
    let settings = option("bods", "5");
    assert_eq!(
        settings.check_all_asked().unwrap_err().to_string(),
        "`--set` gives `bods=5`, but this project has no setting `bods`; it has none"
    );
    settings
        .integer("boids", 5, 1..=10, "number of boids")
        .unwrap();
    settings.flag("walls", "keep them in a box").unwrap();
    assert_eq!(
        settings.check_all_asked().unwrap_err().to_string(),
        "`--set` gives `bods=5`, but this project has no setting `bods`; it has \
         `boids` (a whole number from 1 to 10, by default 5): number of boids; \
         `walls` (true or false, by default false): keep them in a box"
    );
}

#[test]
fn impossible_declarations_are_the_projects_mistake() {
    let settings = Settings::new();
    assert_eq!(
        message(settings.integer("Boids!", 5, .., "")),
        "setting `Boids!` is no name; use lower-case letters, digits, `_` and `-`"
    );
    assert_eq!(
        message(settings.integer("boids", 50, 1..=10, "")),
        "setting `boids` has the default `50`, which is not a whole number from 1 to 10"
    );
    settings.integer("boids", 5, 1..=10, "").unwrap();
    assert_eq!(settings.integer("boids", 5, 1..=10, "").unwrap(), 5);
    assert_eq!(
        message(settings.integer("boids", 6, 1..=10, "")),
        "setting `boids` is asked for twice, differently; ask once and pass the value on"
    );
}

#[test]
fn a_project_can_refuse_a_text() {
    let settings = option("start", "yesterday");
    settings.text("start", "2010", "date").unwrap();
    let error = settings.refuse("start", "a Julian date from 2414992.5 to 2469807.5");
    assert_eq!(
        error.to_string(),
        "`--set` gives `start=yesterday`, but `yesterday` cannot be used; give a Julian date from 2414992.5 to 2469807.5"
    );
    assert_eq!(error.exit_status(), 2);
}

#[test]
fn equal_values_have_equal_texts_and_fingerprints() {
    let fingerprint = |text: &str| {
        let settings = Settings::new().with("radius", text);
        settings.number("radius", 1.0, .., "").unwrap();
        settings.fingerprint()
    };
    assert_eq!(fingerprint("1"), fingerprint("1.000"));
    assert_eq!(fingerprint("0"), fingerprint("-0.0"));
    assert_eq!(fingerprint("1e3"), fingerprint("1000"));
    assert_ne!(fingerprint("1"), fingerprint("2"));
    for value in [1e300, 1e-300, 0.1, -2.5, f64::MAX, f64::MIN_POSITIVE] {
        let text = declared::number_text(value);
        assert_eq!(Kind::parse_number(&text), Some(value), "{text}");
    }
}

#[test]
fn names_and_values_do_not_run_together() {
    let fingerprint = |name: &str, value: &str| {
        let settings = Settings::new().with(name, value);
        settings.text(name, "", "").unwrap();
        settings.fingerprint()
    };
    assert_ne!(fingerprint("ab", "c"), fingerprint("a", "bc"));
}
