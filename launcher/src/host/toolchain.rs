//! A compiler that can build for another host.
//!
//! Three are looked for, in this order:
//!
//! 1. the one that cargo uses anyway, if the standard library for the host was installed (`rustup target add`), which is never so for pages;
//! 2. Debian's (packages rustc-web, cargo-web and rust-web-src), which builds the standard library from its sources each time the target folder is new;
//! 3. for pages, rustup's nightly with the component rust-src, which does the same.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Host, wasi_libc};
use crate::cargo;
use crate::error::Failure;

/// Where Debian installs its compiler, the sources of std and the C library for WASI.
const DEBIAN: [&str; 2] = ["/usr/bin/rustc", "/usr/bin/cargo"];
const DEBIAN_SOURCES: &str = "/usr/lib/rustlib/src/rust/library/std";
const DEBIAN_WASI_LIBC: &str = "/usr/lib/wasm32-wasi";

/// The linker of Debian's packages for Windows, and of most others'.
const MINGW: &str = "x86_64-w64-mingw32-gcc";

/// One memory for all workers, made by the page and not by the program; what the linker exports is how a worker joins.
const WEB_FLAGS: [&str; 10] = [
    "-Ctarget-feature=+atomics,+bulk-memory,+mutable-globals,+simd128",
    "-Clink-arg=-zstack-size=8388608",
    "-Clink-arg=--shared-memory",
    "-Clink-arg=--import-memory",
    "-Clink-arg=--max-memory=4294967296",
    "-Clink-arg=--export=__wasm_init_tls",
    "-Clink-arg=--export=__tls_size",
    "-Clink-arg=--export=__tls_align",
    "-Clink-arg=--export=__tls_base",
    "-Clink-arg=--export=__heap_base",
];

/// How to call cargo for a host.
#[derive(Debug)]
pub struct Toolchain {
    host: Host,
    compiler: Compiler,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Compiler {
    /// The one that cargo uses anyway.
    Usual,
    Debian,
    Nightly,
}

impl Toolchain {
    /// Looks for one.
    pub(super) fn find(host: Host) -> Result<Toolchain, Failure> {
        let lacks = |what: &str, cure: &'static str| {
            Err(Failure::NoToolchain {
                target: host.target(),
                what: what.to_owned(),
                cure,
            })
        };
        if host == Host::Windows && !answers(MINGW) {
            return lacks(
                "the linker x86_64-w64-mingw32-gcc",
                "install MinGW-w64 (Debian: `apt-get install gcc-mingw-w64-x86-64-win32`)",
            );
        }
        // Threads in a browser need a standard library with atomics, which nobody ships.
        if host != Host::Web && has_target(host) {
            let compiler = Compiler::Usual;
            return Ok(Toolchain { host, compiler });
        }
        let all = [DEBIAN[0], DEBIAN[1], DEBIAN_SOURCES];
        if let Some(missing) = all.iter().find(|path| !Path::new(path).exists()) {
            if host == Host::Web && nightly_has_sources() {
                let compiler = Compiler::Nightly;
                return Ok(Toolchain { host, compiler });
            }
            return lacks(
                &format!("the standard library (and `{missing}`, to build it)"),
                match host {
                    Host::Wasi => {
                        "run `rustup target add wasm32-wasip1`, or on Debian `apt-get install rustc-web cargo-web rust-web-src lld-22 wasi-libc`"
                    }
                    Host::Web => {
                        "run `rustup toolchain install nightly --component rust-src`, or on Debian `apt-get install rustc-web cargo-web rust-web-src lld-22`"
                    }
                    Host::Windows => {
                        "run `rustup target add x86_64-pc-windows-gnu`, or on Debian `apt-get install rustc-web cargo-web rust-web-src`"
                    }
                },
            );
        }
        if host != Host::Windows && wasm_linker().is_none() {
            return lacks(
                "the linker wasm-ld",
                "install LLVM's (Debian: `apt-get install lld-22`)",
            );
        }
        if host == Host::Wasi && !Path::new(DEBIAN_WASI_LIBC).is_dir() {
            return lacks(
                "a C library (`/usr/lib/wasm32-wasi`)",
                "install it (Debian: `apt-get install wasi-libc`)",
            );
        }
        let compiler = Compiler::Debian;
        Ok(Toolchain { host, compiler })
    }

    /// `cargo build` for the host. `scratch` is a folder that may be written to.
    pub fn build(&self, profile: &str, scratch: &Path) -> Result<Command, Failure> {
        let target = self.host.target();
        let mut flags: Vec<OsString> = Vec::new();
        let mut command = match self.compiler {
            Compiler::Usual => cargo::command("build"),
            Compiler::Debian => {
                let mut command = cargo::command_of(DEBIAN[1].as_ref(), "build");
                command.env("RUSTC", DEBIAN[0]).env("RUSTC_BOOTSTRAP", "1");
                command.env_remove("RUSTUP_TOOLCHAIN");
                command
            }
            Compiler::Nightly => {
                let mut command = cargo::command_of("rustup".as_ref(), "run");
                command.args(["nightly", "cargo", "build"]);
                command.env_remove("RUSTC").env_remove("CARGO");
                command
            }
        };
        if self.compiler != Compiler::Usual {
            command.arg("-Zbuild-std=std,panic_abort");
        }
        command.args(["--target", target]);
        match self.host {
            Host::Wasi => {
                // The vectors that the engine's loops are made for, and the stack that a main thread has elsewhere.
                flags.extend(
                    [
                        "-Ctarget-feature=+simd128",
                        "-Clink-arg=-zstack-size=8388608",
                    ]
                    .map(OsString::from),
                );
                if self.compiler == Compiler::Debian {
                    let linker = wasm_linker().unwrap_or_else(|| "wasm-ld".into());
                    command.env("CARGO_TARGET_WASM32_WASIP1_LINKER", linker);
                    flags.extend(self.wasi_libc(scratch)?);
                }
            }
            Host::Web => {
                // rustup's compiler brings its own.
                if self.compiler == Compiler::Debian {
                    let linker = wasm_linker().unwrap_or_else(|| "wasm-ld".into());
                    command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
                }
                flags.extend(WEB_FLAGS.map(OsString::from));
            }
            Host::Windows => {
                command.env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER", MINGW);
            }
        }
        // Names in traps stay; line tables would be nine tenths of the file.
        command.args(["--config", &format!("profile.{profile}.debug=0")]);
        command.env("CARGO_ENCODED_RUSTFLAGS", flags.join(OsStr::new("\x1f")));
        Ok(command)
    }

    /// Flags for Debian's C library, which is older than what std asks for.
    fn wasi_libc(&self, scratch: &Path) -> Result<Vec<OsString>, Failure> {
        let unwritable = |path: &Path| {
            let path = path.to_owned();
            move |source| Failure::Unwritable { path, source }
        };
        fs::create_dir_all(scratch).map_err(unwritable(scratch))?;
        let (source, object) = (scratch.join("wasi-libc.rs"), scratch.join("wasi-libc.o"));
        fs::write(&source, wasi_libc::source()).map_err(unwritable(&source))?;
        let compiled = Command::new(DEBIAN[0])
            .env("RUSTC_BOOTSTRAP", "1")
            .args([
                "--target",
                self.host.target(),
                "--emit=obj",
                "-Copt-level=1",
                "-Cpanic=abort",
                "-o",
            ])
            .args([&object, &source])
            .stdin(Stdio::null())
            .status();
        match compiled {
            Ok(status) if status.success() => {}
            Ok(status) => {
                return Err(Failure::NoStubs {
                    path: source,
                    why: status.to_string(),
                });
            }
            Err(error) => {
                return Err(Failure::NoStubs {
                    path: source,
                    why: error.to_string(),
                });
            }
        }
        let mut object_flag = OsString::from("-Clink-arg=");
        object_flag.push(&object);
        Ok(vec![
            "-Clink-self-contained=no".into(),
            format!("-Clink-arg={DEBIAN_WASI_LIBC}/crt1-command.o").into(),
            format!("-L{DEBIAN_WASI_LIBC}").into(),
            object_flag,
        ])
    }
}

/// Whether the compiler that cargo uses has a standard library for the host.
fn has_target(host: Host) -> bool {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let asked = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", host.target()])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    let folder = asked.ok().filter(|output| output.status.success());
    let folder = folder.and_then(|output| String::from_utf8(output.stdout).ok());
    folder.is_some_and(|folder| Path::new(folder.trim()).is_dir())
}

/// Whether rustup has a nightly compiler that can build the standard library.
fn nightly_has_sources() -> bool {
    let asked = Command::new("rustup")
        .args(["run", "nightly", "rustc", "--print", "sysroot"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    let folder = asked.ok().filter(|output| output.status.success());
    let folder = folder.and_then(|output| String::from_utf8(output.stdout).ok());
    folder.is_some_and(|folder| {
        let sources = Path::new(folder.trim()).join("lib/rustlib/src/rust/library/std");
        sources.is_dir()
    })
}

/// LLVM's linker for WebAssembly, under the plain name or the newest of those with a version.
fn wasm_linker() -> Option<PathBuf> {
    let version = |name: &str| match name.strip_prefix("wasm-ld")? {
        "" => Some(u32::MAX),
        numbered => numbered.strip_prefix('-')?.parse().ok(),
    };
    let folders = env::split_paths(&env::var_os("PATH")?).collect::<Vec<_>>();
    let entries = folders
        .iter()
        .filter_map(|folder| fs::read_dir(folder).ok());
    let found = entries.flatten().flatten().filter_map(|entry| {
        let version = version(entry.file_name().to_str()?)?;
        Some((version, entry.path()))
    });
    found.max().map(|(_, path)| path)
}

fn answers(program: &str) -> bool {
    let asked = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    asked.is_ok_and(|status| status.success())
}
