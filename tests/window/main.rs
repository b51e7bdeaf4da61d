//! A window as a person has it: opened, moved, typed into and closed on an X server of its own, drawn by whatever draws here.

mod desk;
mod game;

use std::time::Duration;

use desk::{Desk, SCREEN, keys, until};
use game::{Folder, Game, TITLE, text};

const MIDDLE: [f32; 2] = [0.5, 0.5];

fn is_red([red, green, blue]: [u8; 3]) -> bool {
    red > 100 && green < 60 && blue < 60
}

fn is_green([red, green, blue]: [u8; 3]) -> bool {
    green > 60 && red < 60 && blue < 60
}

fn is_black(colour: [u8; 3]) -> bool {
    colour == [0; 3]
}

/// Plays until the window shows what it should.
fn play(folder: &Folder, desk: &Desk, words: &[&str]) -> (Game, u32) {
    let game = Game::start(folder, desk, &[&["play"], words].concat());
    let window = desk.window(TITLE);
    desk.await_colour(window, MIDDLE, "the ball", is_red);
    desk.await_colour(window, [0.05, 0.05], "the world", is_green);
    desk.focus(Some(window));
    (game, window)
}

#[test]
fn what_was_played_runs_again_without_a_window() {
    let (folder, desk) = (Folder::new("record", ""), Desk::new());
    let [recording, report] = ["game.recording", "game.json"].map(|name| folder.path(name));
    let words = [
        "--threads",
        "2",
        "--hash-every",
        "1",
        "--record",
        text(&recording),
        "--report",
        text(&report),
    ];
    let (mut game, window) = play(&folder, &desk, &words);
    assert_eq!(desk.size(window), [320, 180], "as the picture at first");
    desk.hold(keys::D);
    desk.press(keys::SPACE);
    // In the middle of the right half, and a quarter from above.
    desk.point(window, [240, 45]);
    desk.click(1);
    desk.click(4);
    let before = game.printed();
    until("some steps", || {
        (game.printed() > before + 30).then_some(())
    });
    desk.release(keys::D);
    let before = game.printed();
    until("some more", || (game.printed() > before + 10).then_some(()));
    desk.press(keys::ESCAPE);
    let ended = game.end();
    assert_eq!(ended.code, Some(0), "{}", ended.errors);
    assert!(
        ended
            .printed
            .iter()
            .any(|line| line.starts_with("window: ")),
        "{:?}",
        ended.printed
    );

    let said = folder.report("game.json");
    let (ball, steps) = (&said["ball"], said["frames"].as_u64().expect("a number"));
    let held = ball["held"].as_u64().expect("a number");
    assert!((20..steps).contains(&held), "{said}");
    assert_eq!([&ball["fired"], &ball["clicked"]], [1, 1], "{ball}");
    let wheel = ball["wheel"].as_f64();
    assert!(wheel.is_some_and(|lines| lines > 0.0), "{ball}");
    let pointer = [0, 1].map(|axis| ball["pointer"][axis].as_f64().expect("a number"));
    assert!(
        (pointer[0] - 0.5).abs() < 0.01 && (pointer[1] - 0.5).abs() < 0.02,
        "{ball}"
    );
    assert!(
        said["window"]["frames"]
            .as_u64()
            .is_some_and(|frames| frames > 2),
        "{said}"
    );

    let again = folder.run(&["run", "--threads", "1", "--replay", text(&recording)]);
    assert_eq!(again.lines().last(), Some(ended.hash().as_str()));
    let idle = folder.run(&["run", "--frames", &steps.to_string()]);
    assert_ne!(
        idle.lines().last(),
        Some(ended.hash().as_str()),
        "the keys are in the hash"
    );
}

#[test]
fn any_size_does_until_the_window_is_closed() {
    let (folder, desk) = (Folder::new("resize", ""), Desk::bare());
    let snapshot = folder.path("closed.snapshot");
    let (mut game, window) = play(&folder, &desk, &["--snapshot", text(&snapshot)]);
    let mut seed = 12_345_u32;
    let mut random = |most: u32| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        1 + (seed >> 8) % most
    };
    for turn in 0..200 {
        let size = match turn % 50 {
            0 => [1, 1],
            1 => [SCREEN[0], 1],
            _ => [random(SCREEN[0]), random(SCREEN[1])],
        };
        desk.resize(window, size);
        std::thread::sleep(Duration::from_millis(u64::from(random(10))));
        assert!(game.runs(), "at {size:?}");
    }
    // Higher than the picture: bars above and below. Then wider.
    for (size, bar) in [([300, 600], [0.5, 0.1]), ([800, 200], [0.1, 0.5])] {
        desk.resize(window, size);
        desk.await_size(window, size);
        desk.await_colour(window, bar, "a bar", is_black);
        desk.await_colour(window, MIDDLE, "the ball", is_red);
    }
    desk.close(window);
    let ended = game.end();
    assert_eq!(ended.code, Some(0), "{}", ended.errors);
    let on = folder.run(&["run", "--frames", "0", "--restore", text(&snapshot)]);
    assert_eq!(on.lines().last(), Some(ended.hash().as_str()));
}

#[test]
fn a_window_covers_the_screen_and_no_longer() {
    let (folder, desk) = (Folder::new("whole", "fullscreen = true"), Desk::new());
    let (game, window) = play(&folder, &desk, &[]);
    desk.await_size(window, SCREEN);
    // 16 to 9 on 16 to 10.
    desk.await_colour(window, [0.5, 0.01], "a bar", is_black);
    for _ in 0..4 {
        desk.press(keys::F11);
        until("small window", || {
            (desk.size(window) != SCREEN).then_some(())
        });
        desk.press(keys::F11);
        desk.await_size(window, SCREEN);
    }
    desk.await_colour(window, MIDDLE, "the ball", is_red);
    desk.press(keys::ESCAPE);
    assert_eq!(game.end().code, Some(0));
}

#[test]
fn what_is_held_is_let_go_when_others_are_typed_into() {
    let (folder, desk) = (Folder::new("focus", ""), Desk::bare());
    let report = folder.path("focus.json");
    let words = ["--hash-every", "1", "--report", text(&report)];
    let (mut game, window) = play(&folder, &desk, &words);
    desk.hold(keys::D);
    let before = game.printed();
    until("some steps", || (game.printed() > before + 5).then_some(()));
    desk.focus(None);
    let there = game.printed();
    until("many steps", || {
        (game.printed() > there + 100).then_some(())
    });
    desk.release(keys::D);
    desk.close(window);
    assert_eq!(game.end().code, Some(0));
    let said = folder.report("focus.json");
    let held = said["ball"]["held"].as_u64().expect("a number");
    let steps = said["frames"].as_u64().expect("a number");
    assert!(held > 0 && held + 60 < steps, "{held} of {steps}");
}

#[test]
fn the_world_stands_still_and_goes_on_step_by_step() {
    let (folder, desk) = (Folder::new("pause", ""), Desk::bare());
    let (mut game, _) = play(&folder, &desk, &["--hash-every", "1"]);
    desk.press(keys::P);
    let pause = Duration::from_millis(400);
    let still = until("standing still", || {
        let before = game.printed();
        std::thread::sleep(pause);
        (game.printed() == before).then_some(before)
    });
    for step in 1..=3 {
        desk.press(keys::PERIOD);
        until("step", || (game.printed() == still + step).then_some(()));
    }
    std::thread::sleep(pause);
    assert_eq!(game.printed(), still + 3, "and no more");
    desk.press(keys::P);
    until("many steps", || (game.printed() > still + 20).then_some(()));
    desk.press(keys::ESCAPE);
    assert_eq!(game.end().code, Some(0));
}

#[test]
fn opengl_draws_in_a_window_as_well() {
    let (folder, desk) = (Folder::new("gl", ""), Desk::bare());
    let mut command = folder.program(&["play"]);
    let game = Game::spawn(
        command
            .env("DISPLAY", &desk.display)
            .env("VK_ICD_FILENAMES", "/nonexistent")
            .env("VK_DRIVER_FILES", "/nonexistent"),
    );
    let window = desk.window(TITLE);
    desk.await_colour(window, MIDDLE, "the ball", is_red);
    desk.await_colour(window, [0.05, 0.05], "the world", is_green);
    desk.close(window);
    assert_eq!(game.end().code, Some(0));
}

#[test]
fn a_display_that_goes_away_ends_the_game_with_its_snapshot() {
    let (folder, mut desk) = (Folder::new("gone", ""), Desk::bare());
    let snapshot = folder.path("gone.snapshot");
    let (mut game, _) = play(
        &folder,
        &desk,
        &["--hash-every", "1", "--snapshot", text(&snapshot)],
    );
    until("some steps", || (game.printed() > 5).then_some(()));
    desk.pull_the_plug();
    let ended = game.end();
    assert_eq!(ended.code, Some(1), "{}", ended.errors);
    assert!(
        ended
            .errors
            .contains("the run ended where it was, because the display is gone"),
        "{}",
        ended.errors
    );
    let on = folder.run(&["run", "--frames", "0", "--restore", text(&snapshot)]);
    assert_eq!(on.lines().last(), Some(ended.hash().as_str()));
}

#[test]
fn without_a_display_or_what_draws_there_is_a_sentence() {
    let folder = Folder::new("none", "");
    let none = Game::spawn(&mut folder.program(&["play"])).end();
    assert_eq!((none.code, none.printed.len()), (Some(1), 0));
    let (begin, end) = (
        "there is no window to be had: ",
        "run it without a window by `layerw run`, and with `--capture FILE` for a picture",
    );
    assert!(
        none.errors.starts_with(begin) && none.errors.ends_with(end),
        "{}",
        none.errors
    );

    let desk = Desk::bare();
    let mut command = folder.program(&["play"]);
    let nothing = [
        "VK_ICD_FILENAMES",
        "VK_DRIVER_FILES",
        "__EGL_VENDOR_LIBRARY_FILENAMES",
    ];
    command
        .env("DISPLAY", &desk.display)
        .envs(nothing.map(|name| (name, "/nonexistent")));
    let none = Game::spawn(&mut command).end();
    assert_eq!(none.code, Some(1), "{}", none.errors);
    assert!(
        none.errors.contains("no GPU to draw in a window with") && none.errors.ends_with(end),
        "{}",
        none.errors
    );
}
