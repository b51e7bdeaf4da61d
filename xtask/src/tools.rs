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
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), PathBuf::from);
    let folder = target.join("assemblyscript");
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
    let mut install = vec!["apt-get", "install", "-y", "--no-install-recommends"];
    install.extend(SOFTWARE_GPU);
    if drivers() || (answers(&install) && drivers()) {
        return Ok(());
    }
    // The lists of packages may never have been fetched.
    if answers(&["apt-get", "update"]) && answers(&install) && drivers() {
        return Ok(());
    }
    Err(format!(
        "there is no Vulkan driver, and `{}` does not bring one; install one as root, or leave the suite out",
        install.join(" ")
    ))
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
