//! The handler of SIGSEGV and SIGBUS: an address of a protected arena ends the process with a sentence, every other one is passed on.
//!
//! std has its own handler, which tells a stack that overflowed from other faults, and gives every thread that it starts a stack for
//! handlers; this one runs on those stacks and hands std's handler whatever is not the arena's. What runs here must be allowed in a
//! signal handler: no lock, no allocation; tables that were there before, write(2) and _exit(2).
//!
//! `libc` and not `rustix`, which offers no signal handlers, nor `signal-hook`, which refuses these signals and does not show
//! whether it was a read or a write.

use std::ffi::{c_int, c_void};
use std::io;
use std::mem;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::protect::{FAULT_STATUS, fault::explain};

/// What handled these signals before, in the order of [`SIGNALS`].
static BEFORE: [OnceLock<libc::sigaction>; 2] = [OnceLock::new(), OnceLock::new()];

const SIGNALS: [c_int; 2] = [libc::SIGSEGV, libc::SIGBUS];

/// See [`catch_faults`](crate::map::catch_faults).
pub(crate) fn catch_faults() -> io::Result<()> {
    static DONE: OnceLock<Option<i32>> = OnceLock::new();
    let refused =
        DONE.get_or_init(
            || match SIGNALS.into_iter().zip(&BEFORE).try_for_each(install) {
                Ok(()) => None,
                Err(error) => Some(error.raw_os_error().unwrap_or(0)),
            },
        );
    refused.map_or(Ok(()), |code| Err(io::Error::from_raw_os_error(code)))
}

fn install((signal, before): (c_int, &OnceLock<libc::sigaction>)) -> io::Result<()> {
    let done = |code: c_int| match code {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    };
    // SAFETY: zeros are a sigaction: no handler, no flags, an empty mask.
    let (mut old, mut new): (libc::sigaction, libc::sigaction) = unsafe { mem::zeroed() };
    // SAFETY: a null action only asks for the present one.
    done(unsafe { libc::sigaction(signal, ptr::null(), &raw mut old) })?;
    // Before the new one can be called, which reads it.
    before.get_or_init(|| old);
    let handler: extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) = on_fault;
    new.sa_sigaction = handler as usize;
    new.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
    // SAFETY: the handler has the form that SA_SIGINFO asks for, and does what handlers may do.
    done(unsafe { libc::sigaction(signal, &raw const new, ptr::null_mut()) })
}

extern "C" fn on_fault(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    /// Whether a thread has begun to say what happened: the first one has the word.
    static SAID: AtomicBool = AtomicBool::new(false);
    // SAFETY: the kernel passes a valid `siginfo_t`, whose address is set for these two signals.
    let address = unsafe { (*info).si_addr() }.addr();
    let Some(line) = explain(address, wrote(context), signal == libc::SIGBUS) else {
        return pass_on(signal, info, context);
    };
    // Relaxed: nothing else is published by it.
    if SAID.swap(true, Ordering::Relaxed) {
        loop {
            // SAFETY: waits for a signal; the process ends meanwhile.
            unsafe { libc::pause() };
        }
    }
    let mut rest = line.as_bytes();
    while !rest.is_empty() {
        // SAFETY: the bytes are those of a live slice.
        let written = unsafe { libc::write(2, rest.as_ptr().cast(), rest.len()) };
        match usize::try_from(written) {
            Ok(count @ 1..) => rest = &rest[count.min(rest.len())..],
            _ => break,
        }
    }
    // SAFETY: ends the process at once, without handlers of exit, which may not run here.
    unsafe { libc::_exit(FAULT_STATUS) }
}

/// Whether the instruction wrote, where the processor says so.
fn wrote(context: *mut c_void) -> Option<bool> {
    #[cfg(target_arch = "x86_64")]
    {
        /// Bit 1 of the page fault's error code: a write.
        const WRITE: i64 = 1 << 1;
        // SAFETY: the kernel passes a valid `ucontext_t` to a handler with SA_SIGINFO.
        let code = unsafe {
            (*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs[libc::REG_ERR as usize]
        };
        Some(code & WRITE != 0)
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = context;
        None
    }
}

/// Does what would have happened without this handler.
fn pass_on(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    let place = SIGNALS.iter().position(|&known| known == signal);
    let before = place.and_then(|place| BEFORE[place].get());
    match before {
        Some(before)
            if before.sa_sigaction != libc::SIG_DFL && before.sa_sigaction != libc::SIG_IGN =>
        {
            if before.sa_flags & libc::SA_SIGINFO != 0 {
                // SAFETY: the handler was installed with SA_SIGINFO, so it has this form.
                let handler: extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) =
                    unsafe { mem::transmute(before.sa_sigaction) };
                handler(signal, info, context);
            } else {
                // SAFETY: the handler was installed without SA_SIGINFO, so it has this form.
                let handler: extern "C" fn(c_int) = unsafe { mem::transmute(before.sa_sigaction) };
                handler(signal);
            }
        }
        _ => {
            // The instruction is repeated when this returns, and ends the process then.
            // SAFETY: the default action is always allowed.
            unsafe { libc::signal(signal, libc::SIG_DFL) };
        }
    }
}
