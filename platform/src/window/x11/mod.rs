//! The end of an X server: by itself Xlib ends the program then, before it could save anything.

use std::ffi::c_int;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ThreadId};

use x11_dl::xlib::{Display, Xlib};

static GONE: AtomicBool = AtomicBool::new(false);

/// The thread that has the window.
static HOST: OnceLock<ThreadId> = OnceLock::new();

/// From here on the calling thread stops where it is when the server goes, and the others go on. Where Xlib is not to be had, there is no server to lose.
pub(super) fn outlive_the_server() {
    let Ok(xlib) = Xlib::open() else { return };
    HOST.get_or_init(|| thread::current().id());
    // SAFETY: the function may be called at any time; the handler has the signature that it asks for, lives as long as the program, and does not unwind.
    unsafe { (xlib.XSetIOErrorHandler)(Some(stay)) };
}

/// Whether the server is gone, and with it the thread that has the window, which never comes back.
pub(super) fn is_gone() -> bool {
    // Relaxed: it publishes nothing but itself.
    GONE.load(Ordering::Relaxed)
}

/// What Xlib calls, and ends the program if it comes back. On another thread than the window's that is all there is to do, for somebody may be waiting for it.
extern "C" fn stay(_: *mut Display) -> c_int {
    GONE.store(true, Ordering::Relaxed);
    while HOST.get() == Some(&thread::current().id()) {
        thread::park();
    }
    0
}
