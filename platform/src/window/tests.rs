use super::*;

#[test]
fn a_picture_keeps_its_shape_in_any_window() {
    let shapes = [
        ([1280, 720], [1280, 720], [0, 0], [1280, 720]),
        ([1280, 720], [2560, 1440], [0, 0], [2560, 1440]),
        ([1280, 720], [720, 720], [0, 157], [720, 405]),
        ([1280, 720], [4000, 90], [1920, 0], [160, 90]),
        ([1280, 720], [1, 1], [0, 0], [1, 1]),
        ([1280, 720], [0, 500], [0, 250], [0, 0]),
        ([1, 16_384], [300, 200], [149, 0], [1, 200]),
        ([0, 0], [300, 200], [50, 0], [200, 200]),
    ];
    for (picture, window, at, size) in shapes {
        let place = fit(picture, window);
        // A window without width has room for no height, either.
        if window.contains(&0) {
            assert!(place.size.contains(&0), "{place:?}");
        } else {
            assert_eq!(place, Place { at, size }, "{picture:?} in {window:?}");
        }
    }
}

#[test]
fn no_window_is_too_odd_for_a_picture() {
    let edges = [0, 1, 2, 3, 7, 100, 719, 1081, 16_384, u32::MAX];
    for picture in edges.iter().flat_map(|a| edges.map(|b| [*a, b])) {
        for window in edges.iter().flat_map(|a| edges.map(|b| [*a, b])) {
            let place = fit(picture, window);
            for side in 0..2 {
                assert!(place.at[side] <= window[side] - place.size[side]);
                assert!(
                    place.size[side] >= 1 || window.contains(&0),
                    "{picture:?} in {window:?}"
                );
            }
        }
    }
}

#[test]
fn the_pointer_is_told_in_parts_of_the_picture() {
    let place = fit([100, 100], [300, 100]);
    assert_eq!(place.within([150.0, 50.0]), [0.0, 0.0]);
    assert_eq!(place.within([100.0, 100.0]), [-1.0, -1.0]);
    assert_eq!(place.within([200.0, 0.0]), [1.0, 1.0]);
    assert_eq!(
        place.within([300.0, 0.0]),
        [3.0, 1.0],
        "in the bar on the right"
    );
    assert!(
        Place::default()
            .within([5.0, 5.0])
            .iter()
            .all(|part| part.is_finite())
    );
}

#[test]
fn commands_are_counted_until_somebody_looks() {
    let mut state = State::default();
    state.give(Command::Step);
    state.give(Command::Step);
    state.give(Command::Pause);
    assert_eq!(
        [state.take(Command::Step), state.take(Command::Step)],
        [2, 0]
    );
    assert_eq!(
        [state.take(Command::Pause), state.take(Command::Leave)],
        [1, 0]
    );
}
