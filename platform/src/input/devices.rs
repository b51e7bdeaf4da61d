//! How the devices stand.

use super::{Direction, Event, PADS_MAX, PadAxis, PadButton, PadEvent, Source};

/// The state of all devices, made of events. Never allocates.
#[derive(Clone, Debug, Default)]
pub struct Devices {
    /// A bit for each key.
    keys: Switches,
    /// A bit for each button of the mouse.
    buttons: Switches,
    pads: [Pad; PADS_MAX],
    pointer: [f32; 2],
    motion: [f32; 2],
    wheel: [f32; 2],
}

#[derive(Clone, Copy, Debug, Default)]
struct Pad {
    buttons: Switches,
    axes: [f32; PadAxis::ALL.len()],
}

/// Things that are down or up, and whether they went down since somebody looked.
#[derive(Clone, Copy, Debug, Default)]
struct Switches {
    down: u128,
    hit: u128,
}

const _: () = assert!(super::Key::ALL.len() <= 128);

/// Sticks rest somewhere near their middle.
const DEAD_ZONE: f32 = 0.15;

impl Devices {
    /// Nothing held, no gamepads.
    pub fn new() -> Devices {
        Devices::default()
    }

    /// Takes an event up. Gamepads beyond [`PADS_MAX`] and numbers that are none change nothing.
    pub fn feed(&mut self, event: &Event) {
        match *event {
            Event::Key(key, down) => self.keys.set(key as u32, down),
            Event::Button(button, down) => self.buttons.set(button as u32, down),
            Event::Pointer(at) => self.pointer = finite(at).unwrap_or(self.pointer),
            Event::Motion(by) => add(&mut self.motion, by),
            Event::Wheel(by) => add(&mut self.wheel, by),
            Event::Pad(number, event) => {
                if let Some(pad) = self.pads.get_mut(number) {
                    pad.feed(event);
                }
            }
            Event::FocusLost => {
                self.keys.down = 0;
                self.buttons.down = 0;
                self.pads.iter_mut().for_each(Pad::release);
            }
        }
    }

    /// The value of a source: of what is held 1 or 0, of an axis -1 to 1, of what moves by how much it moved since [`Devices::seen`].
    pub fn value(&self, source: Source) -> f32 {
        let bit = |down: bool| if down { 1.0 } else { 0.0 };
        match source {
            Source::Key(key) => bit(self.keys.is_down(key as u32)),
            Source::Button(button) => bit(self.buttons.is_down(button as u32)),
            Source::PadButton(button) => bit(self
                .pads
                .iter()
                .any(|pad| pad.buttons.is_down(button as u32))),
            Source::PadAxis(axis) => {
                self.pads
                    .iter()
                    .map(|pad| pad.axis(axis))
                    .fold(0.0, |most, value| {
                        if value.abs() > most.abs() {
                            value
                        } else {
                            most
                        }
                    })
            }
            Source::Motion(direction) => self.motion[direction as usize],
            Source::Wheel(direction) => self.wheel[direction as usize],
        }
    }

    /// Whether a source went down since [`Devices::seen`], even if it is up again.
    pub fn hit(&self, source: Source) -> bool {
        match source {
            Source::Key(key) => self.keys.was_hit(key as u32),
            Source::Button(button) => self.buttons.was_hit(button as u32),
            Source::PadButton(button) => self
                .pads
                .iter()
                .any(|pad| pad.buttons.was_hit(button as u32)),
            Source::PadAxis(_) | Source::Motion(_) | Source::Wheel(_) => false,
        }
    }

    /// Where the pointer is, as in [`Event::Pointer`].
    pub fn pointer(&self) -> [f32; 2] {
        self.pointer
    }

    /// Begins anew what counts since somebody looked: motion, the wheel, what was hit.
    pub fn seen(&mut self) {
        (self.motion, self.wheel) = ([0.0; 2], [0.0; 2]);
        self.keys.hit = 0;
        self.buttons.hit = 0;
        for pad in &mut self.pads {
            pad.buttons.hit = 0;
        }
    }
}

impl Pad {
    fn feed(&mut self, event: PadEvent) {
        match event {
            PadEvent::Button(button, down) => self.buttons.set(button as u32, down),
            // A driver that says NaN says nothing: the axis rests.
            PadEvent::Axis(axis, value) => {
                self.axes[axis as usize] = if value.is_nan() {
                    0.0
                } else {
                    value.clamp(-1.0, 1.0)
                };
            }
            PadEvent::Gone => self.release(),
        }
    }

    fn release(&mut self) {
        self.buttons.down = 0;
        self.axes = [0.0; PadAxis::ALL.len()];
    }

    /// From the edge of the dead zone to the end, stretched to 0 to 1.
    fn axis(&self, axis: PadAxis) -> f32 {
        let value = self.axes[axis as usize];
        let beyond = (value.abs() - DEAD_ZONE).max(0.0) / (1.0 - DEAD_ZONE);
        beyond.copysign(value)
    }
}

impl Switches {
    fn set(&mut self, place: u32, down: bool) {
        let bit = 1 << place;
        if !down {
            self.down &= !bit;
        } else if self.down & bit == 0 {
            self.down |= bit;
            self.hit |= bit;
        }
    }

    fn is_down(self, place: u32) -> bool {
        self.down >> place & 1 == 1
    }

    fn was_hit(self, place: u32) -> bool {
        self.hit >> place & 1 == 1
    }
}

const _: () = assert!(Direction::X as usize == 0 && Direction::Y as usize == 1);
const _: () = assert!(PadButton::ALL.len() <= 128);

fn finite(at: [f32; 2]) -> Option<[f32; 2]> {
    at.iter().all(|part| part.is_finite()).then_some(at)
}

fn add(sum: &mut [f32; 2], by: [f32; 2]) {
    if let Some(by) = finite(by) {
        sum[0] += by[0];
        sum[1] += by[1];
    }
}
