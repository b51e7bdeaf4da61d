//! Damaged files become one sentence that names file, line, column, value and cure, and sound ones DE421.

use super::*;

/// The error of the three files after `damage` to the one called `file`.
fn error(file: &str, damage: impl Fn(&str) -> String) -> String {
    let sources = [CONSTANTS, EPOCHS, PERTURBERS];
    let texts = sources.map(|source| {
        if source.file == file {
            damage(source.text)
        } else {
            source.text.to_owned()
        }
    });
    let [a, b, c] = [0, 1, 2].map(|index| Source {
        file: sources[index].file,
        text: &texts[index],
    });
    Ephemeris::parse(a, b, c)
        .expect_err("the file is damaged")
        .to_string()
}

fn check(file: &str, find: &str, replace: &str, expected: &str) {
    let found = error(file, |text| {
        assert!(text.contains(find), "{file} has no `{find}`");
        text.replacen(find, replace, 1)
    });
    let cure =
        "restore the file from version control or write it again with the scripts in `tools`";
    assert_eq!(found, format!("{expected}; {cure}"));
}

#[test]
fn the_files_hold_de421() {
    let ephemeris = Ephemeris::load().expect("the data is sound");
    assert_eq!(ephemeris.span(), (2_414_992.5, 2_471_184.5));
    assert_eq!(ephemeris.epochs().len(), 440);
    let sun_in_earths = ephemeris.model.gm[0] / (ephemeris.model.gm[3] + ephemeris.model.gm[4]);
    assert!((sun_in_earths - 328_900.56).abs() < 0.01);
}

#[test]
fn damage_is_named() {
    let constants = "data/constants.csv";
    check(
        constants,
        "name,value",
        "nam,value",
        "data/constants.csv:4: the columns are `nam,value,unit`, expected `name,value,unit`",
    );
    check(
        constants,
        "gm_earth,398600.43623333966",
        "gm_earth,-1",
        "data/constants.csv:8: column value holds `-1`, expected a finite number above zero",
    );
    check(
        constants,
        "gm_venus,",
        "gm_vulcan,",
        "data/constants.csv:7: column name holds `gm_vulcan` where `gm_venus` is due",
    );
    check(
        constants,
        "299792.458,km/s",
        "299792.458,mph",
        "data/constants.csv:19: column unit holds `mph` where `km/s` is due",
    );
    let epochs = "data/epochs.csv";
    check(
        epochs,
        "506825.00157425355",
        "nan",
        "data/epochs.csv:5: column x_km holds `nan`, expected a finite number",
    );
    check(
        epochs,
        "506825.00157425355",
        "1e999",
        "data/epochs.csv:5: column x_km holds `1e999`, expected a finite number",
    );
    check(
        epochs,
        "506825.00157425355",
        "",
        "data/epochs.csv:5: column x_km holds ``, expected a finite number",
    );
    check(
        epochs,
        "506825.00157425355,",
        "",
        "data/epochs.csv:5: 7 values in a table of 8 columns",
    );
    check(
        epochs,
        "z_km,vx",
        "vx,z_km",
        "data/epochs.csv:4: the columns are `epoch_jd,body,x_km,y_km,vx,z_km_km_s,vy_km_s,vz_km_s`, expected `epoch_jd,body,x_km,y_km,z_km,vx_km_s,vy_km_s,vz_km_s`",
    );
    check(
        epochs,
        "mercury",
        "merkur",
        "data/epochs.csv:6: column body holds `merkur` where `mercury` is due",
    );
    check(
        epochs,
        "2414992.5,venus",
        "2414993.5,venus",
        "data/epochs.csv:7: column epoch_jd holds `2414993.5`, expected the epoch of the line before it, until every body had its turn",
    );
    check(
        epochs,
        "2415120.5,sun",
        "2414992.5,sun",
        "data/epochs.csv:16: column epoch_jd holds `2414992.5`, expected a Julian date after the epoch before it",
    );
}

#[test]
fn missing_lines_are_named() {
    let cut = |count: usize| {
        move |text: &str| {
            text.lines()
                .take(count)
                .map(|line| format!("{line}\n"))
                .collect::<String>()
        }
    };
    assert!(
        error("data/epochs.csv", cut(0))
            .starts_with("data/epochs.csv:1: the file ends where `epoch_jd,body,")
    );
    assert!(
        error("data/epochs.csv", cut(4))
            .starts_with("data/epochs.csv:5: the file ends where `an epoch` is due")
    );
    assert!(error("data/epochs.csv", cut(10)).starts_with(
        "data/epochs.csv:11: the file ends where `jupiter at epoch 2414992.5` is due"
    ));
    assert!(
        error("data/constants.csv", cut(20))
            .starts_with("data/constants.csv:21: the file ends where `earth_j2` is due")
    );
    assert_eq!(
        error("data/perturbers.csv", cut(7)),
        "data/perturbers.csv: epoch number 2 is missing, expected 2415120.5 as in data/epochs.csv; restore the file from version control \
         or write it again with the scripts in `tools`"
    );
}

#[test]
fn no_damage_makes_it_panic() {
    // Every kind of cut and swap near the start and the end of the file.
    let text = EPOCHS.text;
    let head = &text[..4_000];
    for at in 0..head.len() {
        let Some(cut) = head.get(..at) else { continue };
        let _ = parse_states(
            Source {
                file: "test",
                text: cut,
            },
            &NAMES[..CHECKED],
        );
        for junk in ["\0", "ü", ",", "\n", "-", "9", "e"] {
            let damaged = format!("{cut}{junk}{}", &head[at..]);
            let _ = parse_states(
                Source {
                    file: "test",
                    text: &damaged,
                },
                &NAMES[..CHECKED],
            );
        }
    }
}

#[test]
fn dates_out_of_the_span_are_refused() {
    let ephemeris = Ephemeris::load().expect("the data is sound");
    let refused = |jd| {
        ephemeris
            .state_at(jd)
            .expect_err("there is no such date in the data")
            .to_string()
    };
    assert_eq!(
        refused(2_471_185.0),
        "date 2471185 is outside data/epochs.csv, which covers the Julian dates 2414992.5 to 2471184.5; choose `start` and the number of \
         steps within them"
    );
    refused(2_414_992.0);
    refused(f64::NAN);
    let (first, last) = ephemeris.span();
    assert_eq!(ephemeris.state_at(first), Ok(ephemeris.epochs()[0].1));
    assert_eq!(ephemeris.state_at(last), Ok(ephemeris.epochs()[439].1));
}
