//! A desk to play at: an X server without a screen, a window manager, and hands.

use std::io::{BufRead, BufReader, IoSlice};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use x11rb::connection::{Connection, RequestConnection};
use x11rb::protocol::xproto::{
    AtomEnum, ClientMessageEvent, ConfigureWindowAux, ConnectionExt as _, EventMask, ImageFormat,
    InputFocus, Window,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

/// Width and height of the screen.
pub const SCREEN: [u32; 2] = [1280, 800];

/// How long anything may take on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(60);

/// Keys by their places, as X numbers them.
pub mod keys {
    pub const ESCAPE: u8 = 9;
    pub const P: u8 = 33;
    pub const D: u8 = 40;
    pub const PERIOD: u8 = 60;
    pub const SPACE: u8 = 65;
    pub const F11: u8 = 95;
}

const KEY_DOWN: u8 = 2;
const KEY_UP: u8 = 3;
const BUTTON_DOWN: u8 = 4;
const BUTTON_UP: u8 = 5;
const MOTION: u8 = 6;

/// A server, its window manager, and a connection to it. All of it ends with the desk.
pub struct Desk {
    server: Child,
    manager: Option<Child>,
    connection: RustConnection,
    root: Window,
    /// The number of the extension that has hands.
    faking: u8,
    /// What `DISPLAY` is to be.
    pub display: String,
}

impl Desk {
    /// One with a window manager, which fullscreen and the close button need.
    pub fn new() -> Desk {
        let mut desk = Desk::bare();
        let manager = Command::new("jwm")
            .env("DISPLAY", &desk.display)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        desk.manager =
            Some(manager.expect("the window manager jwm (Debian: `apt-get install jwm`)"));
        let check = desk.atom("_NET_SUPPORTING_WM_CHECK");
        until("the window manager", || {
            desk.property(desk.root, check).is_some().then_some(())
        });
        desk
    }

    /// A server alone.
    pub fn bare() -> Desk {
        let size = format!("{}x{}x24", SCREEN[0], SCREEN[1]);
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", &size, "-nolisten", "tcp"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the X server Xvfb (Debian: `apt-get install xvfb`)");
        let mut number = String::new();
        let told = server.stdout.take().map(BufReader::new);
        told.expect("piped")
            .read_line(&mut number)
            .expect("a number");
        let display = format!(":{}", number.trim());
        let (connection, screen) = x11rb::connect(Some(&display)).expect("a connection");
        let root = connection.setup().roots[screen].root;
        let faking = connection
            .query_extension(b"XTEST")
            .expect("a connection")
            .reply();
        Desk {
            server,
            manager: None,
            faking: faking.expect("XTEST").major_opcode,
            connection,
            root,
            display,
        }
    }

    /// Ends the server in the middle of everything.
    pub fn pull_the_plug(&mut self) {
        self.server.kill().expect("it runs");
        self.server.wait().expect("it ends");
    }

    /// Waits for the window of a title.
    pub fn window(&self, title: &str) -> Window {
        until("a window", || self.titled(self.root, title))
    }

    fn titled(&self, parent: Window, title: &str) -> Option<Window> {
        let name: u32 = AtomEnum::WM_NAME.into();
        let tree = self.connection.query_tree(parent).ok()?.reply().ok()?;
        for child in tree.children {
            if self
                .property(child, name)
                .is_some_and(|name| name == title.as_bytes())
                && self.is_client(child)
            {
                return Some(child);
            }
            if let Some(found) = self.titled(child, title) {
                return Some(found);
            }
        }
        None
    }

    /// Whether it is a program's own and not its frame.
    fn is_client(&self, window: Window) -> bool {
        let protocols = self.atom("WM_PROTOCOLS");
        self.property(window, protocols).is_some()
    }

    fn atom(&self, name: &str) -> u32 {
        let asked = self.connection.intern_atom(false, name.as_bytes());
        asked.expect("a connection").reply().expect("an atom").atom
    }

    fn property(&self, window: Window, property: u32) -> Option<Vec<u8>> {
        let asked = self
            .connection
            .get_property(false, window, property, AtomEnum::ANY, 0, 1024);
        let value = asked.ok()?.reply().ok()?.value;
        (!value.is_empty()).then_some(value)
    }

    /// Presses a key and keeps it.
    pub fn hold(&self, key: u8) {
        self.fake(KEY_DOWN, key, [0, 0]);
    }

    /// Lets a key go.
    pub fn release(&self, key: u8) {
        self.fake(KEY_UP, key, [0, 0]);
    }

    /// Both.
    pub fn press(&self, key: u8) {
        self.hold(key);
        self.release(key);
    }

    /// Presses a button of the mouse: 1 is the left one, 4 the wheel upwards.
    pub fn click(&self, button: u8) {
        self.fake(BUTTON_DOWN, button, [0, 0]);
        self.fake(BUTTON_UP, button, [0, 0]);
    }

    /// Moves the pointer to a place of a window.
    pub fn point(&self, window: Window, [x, y]: [i16; 2]) {
        let asked = self
            .connection
            .translate_coordinates(window, self.root, x, y);
        let at = asked.expect("a connection").reply().expect("a place");
        self.fake(MOTION, 0, [at.dst_x, at.dst_y]);
    }

    /// What the extension XTEST calls FakeInput, in its own bytes: with x11rb's feature for it, winit would be built once more.
    fn fake(&self, kind: u8, detail: u8, [x, y]: [i16; 2]) {
        const FAKE_INPUT: u8 = 2;
        let mut request = [0_u8; 36];
        request[..2].copy_from_slice(&[self.faking, FAKE_INPUT]);
        request[2..4].copy_from_slice(&9_u16.to_ne_bytes());
        request[4..6].copy_from_slice(&[kind, detail]);
        request[12..16].copy_from_slice(&self.root.to_ne_bytes());
        request[24..26].copy_from_slice(&x.to_ne_bytes());
        request[26..28].copy_from_slice(&y.to_ne_bytes());
        let sent = self
            .connection
            .send_request_without_reply(&[IoSlice::new(&request)], Vec::new());
        sent.expect("a connection").check().expect("a device");
    }

    /// Gives a window the keyboard, or nobody.
    pub fn focus(&self, window: Option<Window>) {
        let target = window.unwrap_or(x11rb::NONE);
        let set = self
            .connection
            .set_input_focus(InputFocus::NONE, target, x11rb::CURRENT_TIME);
        set.expect("a connection").check().expect("a window");
    }

    /// Asks for another size, and does not wait for it.
    pub fn resize(&self, window: Window, [width, height]: [u32; 2]) {
        let size = ConfigureWindowAux::new().width(width).height(height);
        self.connection
            .configure_window(window, &size)
            .expect("a connection");
        self.connection.flush().expect("a connection");
    }

    /// Width and height of a window.
    pub fn size(&self, window: Window) -> [u32; 2] {
        let asked = self.connection.get_geometry(window).expect("a connection");
        let is = asked.reply().expect("a window");
        [is.width.into(), is.height.into()]
    }

    /// Waits until a window is so large.
    pub fn await_size(&self, window: Window, size: [u32; 2]) {
        until(&format!("{size:?}"), || {
            (self.size(window) == size).then_some(())
        });
    }

    /// Presses the button that closes a window.
    pub fn close(&self, window: Window) {
        let [protocols, delete] = ["WM_PROTOCOLS", "WM_DELETE_WINDOW"].map(|name| self.atom(name));
        let event = ClientMessageEvent::new(32, window, protocols, [delete, 0, 0, 0, 0]);
        let sent = self
            .connection
            .send_event(false, window, EventMask::NO_EVENT, event);
        sent.expect("a connection").check().expect("a window");
        self.connection.sync().expect("a connection");
    }

    /// Red, green and blue at a place of a window, which is given in parts of its size.
    pub fn colour(&self, window: Window, at: [f32; 2]) -> Option<[u8; 3]> {
        let size = self.size(window);
        let [x, y] =
            [0, 1].map(|axis| ((at[axis] * size[axis] as f32) as u32).min(size[axis] - 1) as i16);
        // What a window shows beyond the screen's edge is not to be had.
        let asked = self
            .connection
            .get_image(ImageFormat::Z_PIXMAP, window, x, y, 1, 1, !0);
        let pixel = asked.ok()?.reply().ok()?.data;
        Some([pixel[2], pixel[1], pixel[0]])
    }

    /// Waits until a place of a window has a colour.
    pub fn await_colour(
        &self,
        window: Window,
        at: [f32; 2],
        what: &str,
        is: impl Fn([u8; 3]) -> bool,
    ) {
        let mut seen = None;
        let found = wait(|| {
            seen = self.colour(window, at);
            seen.filter(|colour| is(*colour)).map(drop)
        });
        assert!(found.is_some(), "{what} at {at:?}, and not {seen:?}");
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        for child in [Some(&mut self.server), self.manager.as_mut()]
            .into_iter()
            .flatten()
        {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Waits for something.
pub fn until<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    wait(look).unwrap_or_else(|| panic!("there is no {what} after {PATIENCE:?}"))
}

fn wait<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        if let Some(found) = look() {
            return Some(found);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    None
}
