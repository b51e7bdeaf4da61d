//! Windows by winit, on the thread that the program began with.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use winit::application::ApplicationHandler;
use winit::dpi::LogicalSize;
use winit::event::{
    DeviceEvent, DeviceId, ElementState, MouseScrollDelta, Touch, TouchPhase, WindowEvent,
};
use winit::event_loop::{ActiveEventLoop, ControlFlow, EventLoop, EventLoopProxy};
use winit::keyboard::PhysicalKey;
use winit::raw_window_handle::{
    DisplayHandle, HandleError, HasDisplayHandle, HasWindowHandle, WindowHandle,
};
use winit::window::{Fullscreen, WindowAttributes, WindowId};

use super::{Command, State, WindowError, WindowOptions, fit, keys};
use crate::input::{Button, Event};

/// Pixels that count as a line of the wheel, where a touchpad tells pixels.
const LINE_PIXELS: f64 = 20.0;

/// The side that stays on the first thread.
pub struct Host {
    events: EventLoop<Wish>,
    shared: Arc<Shared>,
}

/// The side that may go to another thread, and asks for windows there. When it is dropped, [`Host::serve`] ends.
#[derive(Debug)]
pub struct Desk {
    proxy: EventLoopProxy<Wish>,
    shared: Arc<Shared>,
}

/// A window. Clones are the same one, which is closed when the last of them and the [`Desk`] are gone.
#[derive(Clone, Debug)]
pub struct Window {
    raw: Arc<winit::window::Window>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
enum Wish {
    Open(Box<WindowOptions>),
    Close,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// Said when something came in that does not wait for the next frame.
    news: Condvar,
    opened: Mutex<Option<Result<Arc<winit::window::Window>, WindowError>>>,
    answered: Condvar,
}

/// Connects to the display. Call it on the thread that the program began with.
///
/// # Errors
/// There is no display, it does not answer, or a library of the window system is missing.
pub fn connect() -> Result<(Host, Desk), WindowError> {
    let build = || {
        let mut builder = EventLoop::with_user_event();
        any_thread(&mut builder);
        builder.build()
    };
    // It panics where a library is missing, and says which.
    let built = catch_unwind(AssertUnwindSafe(build)).map_err(|_| WindowError {
        why: "a library of the window system is missing (Debian: `apt-get install libx11-xcb1 libxcursor1 libxi6 libxkbcommon-x11-0`)".to_owned(),
    })?;
    let events: EventLoop<Wish> = built.map_err(|error| refusal(&error))?;
    events.set_control_flow(ControlFlow::Wait);
    #[cfg(target_os = "linux")]
    super::x11::outlive_the_server();
    let shared = Arc::new(Shared::default());
    let desk = Desk {
        proxy: events.create_proxy(),
        shared: Arc::clone(&shared),
    };
    Ok((Host { events, shared }, desk))
}

/// Whether the display went so suddenly that the thread with the window never comes back: who wants to end has to end the program.
pub fn is_stranded() -> bool {
    #[cfg(target_os = "linux")]
    return super::x11::is_gone();
    #[cfg(not(target_os = "linux"))]
    false
}

fn gone() -> String {
    "the display is gone".to_owned()
}

/// Programs may call us from whichever thread they like, where the window system does not mind.
fn any_thread(builder: &mut winit::event_loop::EventLoopBuilder<Wish>) {
    #[cfg(target_os = "linux")]
    winit::platform::x11::EventLoopBuilderExtX11::with_any_thread(builder, true);
    #[cfg(windows)]
    winit::platform::windows::EventLoopBuilderExtWindows::with_any_thread(builder, true);
    #[cfg(not(any(target_os = "linux", windows)))]
    let _ = builder;
}

fn refusal(error: &dyn std::error::Error) -> WindowError {
    let text = error.to_string();
    // winit names its own source file first.
    let text = text.rsplit_once(".rs:").map_or(text.as_str(), |(_, rest)| {
        rest.split_once(": ").map_or(rest, |(_, text)| text)
    });
    WindowError {
        why: text
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .trim_end_matches('.')
            .to_owned(),
    }
}

impl Host {
    /// Serves the window until the [`Desk`] is gone. Where the display goes first, [`State::lost`] says so.
    pub fn serve(self) {
        let mut serving = Serving {
            shared: &self.shared,
            open: None,
        };
        let ended = self.events.run_app(&mut serving);
        let why = match ended {
            Ok(()) => gone(),
            Err(error) => refusal(&error).why,
        };
        // Whoever still has it draws no more.
        self.shared.lock().lost = Some(why);
        self.shared.news.notify_all();
        let mut opened = self
            .shared
            .opened
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        opened.get_or_insert(Err(WindowError { why: gone() }));
        self.shared.answered.notify_all();
    }
}

impl Desk {
    /// Opens the window.
    ///
    /// # Errors
    /// The host gives none.
    pub fn open(&self, options: WindowOptions) -> Result<Window, WindowError> {
        let gone = || WindowError { why: gone() };
        let wish = Wish::Open(Box::new(options));
        self.proxy.send_event(wish).map_err(|_| gone())?;
        let opened = self
            .shared
            .opened
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut opened = self
            .shared
            .answered
            .wait_while(opened, |opened| opened.is_none())
            .unwrap_or_else(PoisonError::into_inner);
        let raw = opened.take().unwrap_or_else(|| Err(gone()))?;
        Ok(Window {
            raw,
            shared: Arc::clone(&self.shared),
        })
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // A host that is gone serves nobody.
        let _ = self.proxy.send_event(Wish::Close);
    }
}

impl Window {
    /// Looks at how it stands, or changes what came in.
    pub fn look<R>(&self, look: impl FnOnce(&mut State) -> R) -> R {
        let mut state = self.shared.lock();
        if is_stranded() {
            state.lost.get_or_insert_with(gone);
        }
        look(&mut state)
    }

    /// Waits so long, or until something happens that does not wait: a command, another size, its end.
    pub fn wait(&self, most: Duration) {
        let state = self.shared.lock();
        // Woken for nothing, the caller looks and waits again.
        drop(self.shared.news.wait_timeout(state, most));
    }
}

impl HasWindowHandle for Window {
    fn window_handle(&self) -> Result<WindowHandle<'_>, HandleError> {
        self.raw.window_handle()
    }
}

impl HasDisplayHandle for Window {
    fn display_handle(&self) -> Result<DisplayHandle<'_>, HandleError> {
        self.raw.display_handle()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // What is behind it is whole between any two lines.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What winit calls.
struct Serving<'s> {
    shared: &'s Shared,
    open: Option<Open>,
}

struct Open {
    raw: Arc<winit::window::Window>,
    options: WindowOptions,
    /// The finger that stands for the mouse.
    finger: Option<u64>,
}

impl ApplicationHandler<Wish> for Serving<'_> {
    fn resumed(&mut self, _: &ActiveEventLoop) {}

    fn user_event(&mut self, events: &ActiveEventLoop, wish: Wish) {
        match wish {
            Wish::Close => {
                self.open = None;
                events.exit();
            }
            Wish::Open(options) => {
                let opened = Open::new(events, *options);
                let answer = opened.map(|open| {
                    let size = open.raw.inner_size();
                    let monitor = open.raw.current_monitor();
                    let thousandths = monitor.and_then(|monitor| monitor.refresh_rate_millihertz());
                    let mut state = self.shared.lock();
                    state.hertz = thousandths
                        .filter(|thousandths| *thousandths > 0)
                        .map(|thousandths| f64::from(thousandths) / 1e3);
                    (state.size, state.is_visible) = ([size.width, size.height], true);
                    let raw = Arc::clone(&open.raw);
                    self.open = Some(open);
                    raw
                });
                let mut opened = self
                    .shared
                    .opened
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                *opened = Some(answer);
                self.shared.answered.notify_all();
            }
        }
    }

    fn window_event(&mut self, _: &ActiveEventLoop, _: WindowId, event: WindowEvent) {
        if let Some(open) = &mut self.open {
            open.take(event, self.shared);
        }
    }

    fn device_event(&mut self, _: &ActiveEventLoop, _: DeviceId, event: DeviceEvent) {
        let mut state = self.shared.lock();
        if let (DeviceEvent::MouseMotion { delta: (x, y) }, true) = (event, state.is_focused) {
            state.devices.feed(&Event::Motion([x as f32, -y as f32]));
        }
    }
}

impl Open {
    fn new(events: &ActiveEventLoop, options: WindowOptions) -> Result<Open, WindowError> {
        let [width, height] = options.picture;
        let whole = options.fullscreen.then_some(Fullscreen::Borderless(None));
        let attributes = WindowAttributes::default()
            .with_title(options.title.clone())
            .with_inner_size(LogicalSize::new(width.max(1), height.max(1)))
            .with_fullscreen(whole);
        let raw = events
            .create_window(attributes)
            .map_err(|error| refusal(&error))?;
        Ok(Open {
            raw: Arc::new(raw),
            options,
            finger: None,
        })
    }

    fn take(&mut self, event: WindowEvent, shared: &Shared) {
        let mut guard = shared.lock();
        let state = &mut *guard;
        let place = |state: &State, x, y| fit(self.options.picture, state.size).within([x, y]);
        let mut follow = None;
        let is_news = match event {
            WindowEvent::CloseRequested | WindowEvent::Destroyed => {
                self.options.stop.request();
                true
            }
            WindowEvent::Resized(size) => {
                state.size = [size.width, size.height];
                true
            }
            WindowEvent::Occluded(is_occluded) => {
                state.is_visible = !is_occluded;
                true
            }
            WindowEvent::Focused(is_focused) => {
                state.is_focused = is_focused;
                if !is_focused {
                    state.devices.feed(&Event::FocusLost);
                    self.finger = None;
                }
                false
            }
            // Made up by winit when the window is typed into again: whoever comes with a key held has pressed it for somebody else.
            WindowEvent::KeyboardInput {
                is_synthetic: true,
                ref event,
                ..
            } if event.state == ElementState::Pressed => false,
            WindowEvent::KeyboardInput { event, .. } => {
                let PhysicalKey::Code(code) = event.physical_key else {
                    return;
                };
                let Some(key) = keys::key(code) else { return };
                let is_down = event.state == ElementState::Pressed;
                let mut commands = self.options.commands.iter();
                match commands.find(|(of, _)| *of == key) {
                    None => {
                        state.devices.feed(&Event::Key(key, is_down));
                        false
                    }
                    Some(_) if !is_down || event.repeat => false,
                    Some((_, command)) => {
                        state.give(*command);
                        follow = Some(*command);
                        true
                    }
                }
            }
            WindowEvent::MouseInput {
                state: press,
                button,
                ..
            } => {
                if let Some(button) = keys::button(button) {
                    let is_down = press == ElementState::Pressed;
                    state.devices.feed(&Event::Button(button, is_down));
                }
                false
            }
            WindowEvent::CursorMoved { position, .. } => {
                let at = place(state, position.x, position.y);
                state.devices.feed(&Event::Pointer(at));
                false
            }
            WindowEvent::MouseWheel { delta, .. } => {
                // Told as where the content goes, which is to the left when one looks to the right.
                let lines = match delta {
                    MouseScrollDelta::LineDelta(x, y) => [-x, y],
                    MouseScrollDelta::PixelDelta(by) => {
                        [-by.x, by.y].map(|pixels| (pixels / LINE_PIXELS) as f32)
                    }
                };
                state.devices.feed(&Event::Wheel(lines));
                false
            }
            WindowEvent::Touch(Touch {
                phase,
                location,
                id,
                ..
            }) => {
                if *self.finger.get_or_insert(id) != id {
                    return;
                }
                let at = place(state, location.x, location.y);
                state.devices.feed(&Event::Pointer(at));
                let is_down = matches!(phase, TouchPhase::Started | TouchPhase::Moved);
                state.devices.feed(&Event::Button(Button::Left, is_down));
                if !is_down {
                    self.finger = None;
                }
                false
            }
            // Another scale of the screen comes with another size.
            _ => false,
        };
        // Whoever calls the display may never come back, and must not keep the lock.
        drop(guard);
        if is_news {
            shared.news.notify_all();
        }
        match follow {
            Some(Command::Leave) => self.options.stop.request(),
            Some(Command::Fullscreen) => {
                let covers = self.raw.fullscreen().is_some();
                let whole = (!covers).then_some(Fullscreen::Borderless(None));
                self.raw.set_fullscreen(whole);
            }
            Some(Command::Pause | Command::Step) | None => {}
        }
    }
}
