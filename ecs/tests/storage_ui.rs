//! What must not compile, with the message that the user reads.
//!
//! `TRYBUILD=overwrite cargo test -p layerw-ecs --test storage_ui` records the messages anew.

#[test]
fn components_that_cannot_live_in_the_world_are_refused_with_a_cure() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/component/*.rs");
    cases.pass("tests/ui/component/pass/*.rs");
}
