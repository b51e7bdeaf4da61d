//! Systems that must not compile, with the message that their author reads.
//!
//! `TRYBUILD=overwrite cargo test -p layerw-ecs --test access_ui` records the messages anew.

#[test]
fn signatures_that_are_no_systems_are_refused_with_a_cure() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/systems/*.rs");
}
