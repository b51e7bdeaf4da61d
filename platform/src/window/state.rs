//! How a window stands, and what came in since somebody looked.

use crate::input::Devices;

/// What a key may mean to the window and to whoever runs the loop.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum Command {
    /// End.
    Leave,
    /// Stand still, or go on.
    Pause,
    /// Do one step while standing still.
    Step,
    /// Cover the screen, or no longer.
    Fullscreen,
}

/// How many commands there are.
const COMMANDS: usize = 4;
const _: () = assert!(Command::Fullscreen as usize + 1 == COMMANDS);

/// How a window stands.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Keyboard, mouse and fingers. Who looks says [`Devices::seen`].
    pub devices: Devices,
    /// Width and height inside its frame, in pixels of the screen; 0 while it is minimised.
    pub size: [u32; 2],
    /// Whether something of it can be seen, as far as the host tells.
    pub is_visible: bool,
    /// Whether it is typed into.
    pub is_focused: bool,
    /// Pictures that its screen shows in a second; None where the host does not tell.
    pub hertz: Option<f64>,
    /// Why it is gone although nobody closed it.
    pub lost: Option<String>,
    commands: [u32; COMMANDS],
}

impl State {
    /// Notes a command.
    pub fn give(&mut self, command: Command) {
        let count = &mut self.commands[command as usize];
        *count = count.saturating_add(1);
    }

    /// How often a command was given since this was last asked.
    pub fn take(&mut self, command: Command) -> u32 {
        std::mem::take(&mut self.commands[command as usize])
    }

    /// Whether there is anything to draw on.
    pub fn can_be_seen(&self) -> bool {
        self.is_visible && !self.size.contains(&0)
    }
}
