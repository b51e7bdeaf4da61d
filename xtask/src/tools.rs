//! What the chores need on the machine.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

struct Tool {
    command: &'static [&'static str],
    /// The component of a rustup toolchain that brings it.
    component: Option<&'static str>,
    cure: &'static str,
}

const TOOLS: [Tool; 3] = [
    Tool {
        command: &["cargo", "fmt", "--version"],
        component: Some("rustfmt"),
        cure: "install it with `rustup component add rustfmt`",
    },
    Tool {
        command: &["cargo", "clippy", "--version"],
        component: Some("clippy"),
        cure: "install it with `rustup component add clippy`",
    },
    Tool {
        command: &["cc", "--version"],
        component: None,
        cure: "install a C compiler and linker (Debian: `apt-get install gcc libc6-dev`)",
    },
];

/// Installs what is missing and can be installed without rights; a sentence names the first thing that cannot.
pub fn check() -> Result<(), String> {
    for tool in &TOOLS {
        let installed = |name| answers(&["rustup", "component", "add", name]);
        let there = answers(tool.command)
            || (tool.component.is_some_and(installed) && answers(tool.command));
        if !there {
            return Err(format!(
                "`{}` does not answer; {}",
                tool.command.join(" "),
                tool.cure
            ));
        }
    }
    Ok(())
}

/// The version of AssemblyScript that the tests of scripts are written for.
const ASSEMBLYSCRIPT: &str = "assemblyscript@0.28.20";

/// Installs AssemblyScript into the target folder, where tests look for it. The error says what they go without.
pub fn assemblyscript(root: &Path) -> Result<(), String> {
    let folder = target(root).join("assemblyscript");
    if folder
        .join("node_modules/assemblyscript/package.json")
        .is_file()
    {
        return Ok(());
    }
    let missing = |what: &str| {
        Err(format!(
            "scripts are not compared with AssemblyScript: {what}; install node 20 with npm, and let npm reach its registry"
        ))
    };
    if !answers(&["node", "--version"]) {
        return missing("`node --version` does not answer");
    }
    let Some(prefix) = folder.to_str() else {
        return missing("the target folder's name is not UTF-8");
    };
    match answers(&[
        "npm",
        "install",
        "--silent",
        "--prefix",
        prefix,
        ASSEMBLYSCRIPT,
    ]) {
        true => Ok(()),
        false => missing(&format!("`npm install {ASSEMBLYSCRIPT}` fails")),
    }
}

/// What makes a machine without a GPU compute as one, as Debian calls it.
const SOFTWARE_GPU: [&str; 5] = [
    "mesa-vulkan-drivers",
    "libvulkan1",
    "libgl1-mesa-dri",
    "libegl1",
    "libgles2",
];

/// Installs an adapter for those tests that want one, if there is none. The error says what they go without.
pub fn software_gpu() -> Result<(), String> {
    let drivers = || {
        let folders = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"];
        folders.iter().any(|folder| {
            let entries = std::fs::read_dir(folder).into_iter().flatten();
            entries.flatten().next().is_some()
        })
    };
    if drivers() {
        return Ok(());
    }
    install(&SOFTWARE_GPU);
    match drivers() {
        true => Ok(()),
        false => Err(format!(
            "there is no Vulkan driver, and `apt-get install {}` does not bring one; install one as root, or leave the suite out",
            SOFTWARE_GPU.join(" ")
        )),
    }
}

/// An X server without a screen, a window manager, and the libraries that a window wants, as Debian calls them.
const DESK: [&str; 6] = [
    "xvfb",
    "jwm",
    "libx11-xcb1",
    "libxcursor1",
    "libxi6",
    "libxkbcommon-x11-0",
];

/// Sees to a display for those tests that open windows. The error says what they go without.
pub fn desk() -> Result<(), String> {
    let there = || {
        let folders = std::env::var_os("PATH").unwrap_or_default();
        let has =
            |name: &str| std::env::split_paths(&folders).any(|folder| folder.join(name).exists());
        has("Xvfb") && has("jwm")
    };
    if !there() {
        install(&DESK);
    }
    match there() {
        true => Ok(()),
        false => Err(format!(
            "there is no X server to open windows on, and `apt-get install {}` does not bring one; install it as root, or leave the suite out",
            DESK.join(" ")
        )),
    }
}

/// Where cargo puts what it builds.
pub fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), |folder| root.join(folder))
}

/// What Debian needs to build for other hosts, where rustup has not installed the standard library for them.
const DEBIAN_RUST: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];

/// Sees to a compiler for WASI. The error says what is missing.
pub fn wasi_compiler() -> Result<(), String> {
    let more = ["lld-22", "wasi-libc"];
    compiler("wasm32-wasip1", &more, || {
        Path::new("/usr/lib/wasm32-wasi").exists()
    })
}

/// Sees to a compiler for pages: Debian's, as nobody ships a standard library with threads for them. The error says what is missing.
pub fn web_compiler() -> Result<(), String> {
    let there = || {
        let sources = Path::new("/usr/lib/rustlib/src/rust/library/std");
        sources.exists()
            && answers(&["/usr/bin/cargo", "--version"])
            && answers(&["wasm-ld-22", "--version"])
    };
    let packages = [&DEBIAN_RUST[..], &["lld-22"]].concat();
    if !there() {
        install(&packages);
    }
    match there() {
        true => Ok(()),
        false => Err(format!(
            "no compiler for pages; on Debian `apt-get install {}`",
            packages.join(" ")
        )),
    }
}

/// Sees to Chromium; where it is. The error says what is missing.
pub fn chromium() -> Result<PathBuf, String> {
    let program = "/usr/bin/chromium";
    if !answers(&[program, "--version"]) {
        install(&["chromium"]);
    }
    match answers(&[program, "--version"]) {
        true => Ok(program.into()),
        false => Err(format!(
            "`{program} --version` does not answer; install Chromium (Debian: `apt-get install chromium`)"
        )),
    }
}

/// The version of Playwright that opens pages.
const PLAYWRIGHT: &str = "playwright-core@1.65.1";

/// Installs Playwright into a folder; returns it. The error says what is missing.
pub fn playwright(folder: &Path) -> Result<PathBuf, String> {
    let name = folder
        .to_str()
        .ok_or("the target folder's name is not UTF-8")?;
    let there = folder
        .join("node_modules/playwright-core/package.json")
        .is_file();
    match there || answers(&["npm", "install", "--silent", "--prefix", name, PLAYWRIGHT]) {
        true => Ok(folder.to_owned()),
        false => Err(format!(
            "`npm install {PLAYWRIGHT}` fails; install npm, and let it reach its registry"
        )),
    }
}

/// Sees to a compiler and linker for Windows. The error says what is missing.
pub fn windows_compiler() -> Result<(), String> {
    let linker = || answers(&["x86_64-w64-mingw32-gcc", "--version"]);
    if !linker() {
        install(&["gcc-mingw-w64-x86-64-win32"]);
    }
    if !linker() {
        return Err("`x86_64-w64-mingw32-gcc --version` does not answer; install MinGW-w64 (Debian: `apt-get install gcc-mingw-w64-x86-64-win32`)".to_owned());
    }
    compiler("x86_64-pc-windows-gnu", &[], || true)
}

/// Sees to a standard library for a target, or to Debian's compiler with `more`, which builds one.
fn compiler(target: &str, more: &[&str], has_more: impl Fn() -> bool) -> Result<(), String> {
    let libraries = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", target])
        .output();
    let libraries = libraries.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let debian = || {
        let sources = Path::new("/usr/lib/rustlib/src/rust/library/std");
        sources.exists() && has_more() && answers(&["/usr/bin/cargo", "--version"])
    };
    let there = |folder: &str| !folder.is_empty() && Path::new(folder).exists();
    if libraries.is_ok_and(|folder| there(folder.trim())) || debian() {
        return Ok(());
    }
    let packages = [&DEBIAN_RUST, more].concat();
    install(&packages);
    match debian() {
        true => Ok(()),
        false => Err(format!(
            "no compiler for {target}; run `rustup target add {target}`, or on Debian `apt-get install {}`",
            packages.join(" ")
        )),
    }
}

/// Sees to Wine, and to a library that Wine 8 lacks, beside the programs. The error says what is missing.
pub fn wine(source: &Path, folder: &Path) -> Result<(), String> {
    let wine = || answers(&["wine", "--version"]);
    if !wine() {
        install(&["wine", "wine64"]);
    }
    if !wine() {
        return Err(
            "`wine --version` does not answer; install Wine (Debian: `apt-get install wine wine64`)"
                .to_owned(),
        );
    }
    let library = folder.join("bcryptprimitives.dll");
    let (Some(source), Some(library)) = (source.to_str(), library.to_str()) else {
        return Err("the target folder's name is not UTF-8".to_owned());
    };
    let compile = [
        "x86_64-w64-mingw32-gcc",
        "-shared",
        "-O1",
        "-o",
        library,
        source,
        "-ladvapi32",
    ];
    match answers(&compile) {
        true => Ok(()),
        false => Err(format!("`{}` fails", compile.join(" "))),
    }
}

/// Sees to Node. The error says what is missing.
pub fn node() -> Result<(), String> {
    match answers(&["node", "--version"]) {
        true => Ok(()),
        false => Err("`node --version` does not answer; install Node 20 or newer".to_owned()),
    }
}

/// The version of Wasmtime that programs for WASI are run in.
const WASMTIME: &str = "wasmtime==50.0.1";

/// Installs Wasmtime for Python into a folder. The error says what is missing.
pub fn wasmtime(folder: &Path) -> Result<(), String> {
    let name = folder
        .to_str()
        .ok_or("the target folder's name is not UTF-8")?;
    let pip = [
        "python3", "-m", "pip", "install", "--quiet", "--target", name, WASMTIME,
    ];
    if folder.join("wasmtime").is_dir() || answers(&pip) {
        return Ok(());
    }
    install(&["python3", "python3-pip"]);
    match answers(&pip) {
        true => Ok(()),
        false => Err(format!(
            "`python3 -m pip install {WASMTIME}` fails; install Python 3 with pip, and let pip reach its registry"
        )),
    }
}

/// Asks Debian's package manager, if this is Debian and we may. Whoever needs the packages looks for them again.
fn install(packages: &[&str]) {
    if !answers(&["apt-get", "--version"]) {
        return;
    }
    let install = [
        &["apt-get", "install", "-y", "--no-install-recommends"],
        packages,
    ]
    .concat();
    if !answers(&install) && answers(&["apt-get", "update"]) {
        answers(&install);
    }
}

/// What all suites together write into the target folder, in MiB, from nothing.
const ROOM: u64 = 14 << 10;

/// A sentence if the disk of the target folder is too small for all suites: they would fail one by one, each in words of its own.
pub fn room(root: &Path) -> Option<String> {
    let target = target(root);
    // It may not be there yet.
    let there = if target.exists() {
        target.as_path()
    } else {
        root
    };
    let free = words_of(&["df", "-Pm"], there).and_then(|words| fourth_of_last_line(&words))?;
    let used = match target.exists() {
        true => words_of(&["du", "-sm"], &target)
            .and_then(|words| words.split_whitespace().next()?.parse().ok())?,
        false => 0,
    };
    too_small(&target, free, used)
}

fn too_small(target: &Path, free: u64, used: u64) -> Option<String> {
    (free + used < ROOM).then(|| {
        format!(
            "`{}` grows to some {} MiB when all suites run, and its disk has {free} MiB left; make room, or set CARGO_TARGET_DIR to a folder on a larger disk",
            target.display(),
            ROOM
        )
    })
}

/// Free space stands in the fourth column of what `df -P` prints, whatever the host.
fn fourth_of_last_line(text: &str) -> Option<u64> {
    let line = text.lines().last()?;
    line.split_whitespace().nth(3)?.parse().ok()
}

/// What a command prints about a path.
fn words_of(command: &[&str], path: &Path) -> Option<String> {
    let output = Command::new(command[0])
        .args(&command[1..])
        .arg(path)
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then_some(text)
}

/// Whether the command exists and succeeds.
pub fn answers(words: &[&str]) -> bool {
    let silent = Command::new(words[0])
        .args(&words[1..])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    silent.is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_is_too_small_is_named_with_the_cure() {
        let text = "Filesystem 1048576-blocks Used Available Capacity Mounted on\n/dev/vda 258048 86016 7270 93% /\n";
        assert_eq!(fourth_of_last_line(text), Some(7270));
        assert_eq!(fourth_of_last_line(""), None);
        let target = Path::new("target");
        let sentence = too_small(target, 7270, 100).expect("7 GiB are too few");
        assert!(
            sentence.contains("its disk has 7270 MiB left; make room"),
            "{sentence}"
        );
        assert_eq!(
            too_small(target, 7270, ROOM),
            None,
            "most of it is there already"
        );
        assert_eq!(too_small(target, ROOM, 0), None);
    }
}
