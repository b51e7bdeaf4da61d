//! A host that refuses: an address space smaller than the arena is a typed error, not an abort.

use std::process::{Command, Stdio};

use layerw_memory::{Arena, Backing, Fitting, MemoryConfig, MemoryError};

/// Set for the process that runs under the limit.
const CHILD: &str = "LAYERW_TEST_UNDER_LIMIT";

/// Kibibytes of address space for the child: a quarter of the default arena.
const LIMIT_KIB: &str = "1048576";

#[test]
fn too_little_address_space_is_a_typed_error() {
    if std::env::var_os(CHILD).is_some() {
        return under_the_limit();
    }
    let limit = format!("ulimit -v {LIMIT_KIB}");
    let shell = |script: String| {
        let mut command = Command::new("sh");
        command.arg("-c").arg(script).stdin(Stdio::null());
        command
    };
    if !shell(limit.clone())
        .output()
        .is_ok_and(|output| output.status.success())
    {
        eprintln!("this host has no shell that limits address space: nothing to test");
        return;
    }
    let program = std::env::current_exe().unwrap();
    let mut child = shell(format!("{limit} && exec \"$0\" \"$@\""));
    child.arg(program).args([
        "--exact",
        "limits::too_little_address_space_is_a_typed_error",
        "--nocapture",
    ]);
    let output = child.env(CHILD, "1").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(text.contains("both refused"), "{text}");
}

fn under_the_limit() {
    for backing in [Backing::Best, Backing::Plain] {
        let refused = Arena::new(&MemoryConfig {
            backing,
            ..MemoryConfig::default()
        })
        .unwrap_err();
        assert!(matches!(refused, MemoryError::Map { bytes, .. } if bytes == 1 << 32));
        let text = refused.to_string();
        assert!(
            text.starts_with("memory: cannot reserve 4 GiB of address space: "),
            "{text}"
        );
        assert!(
            text.ends_with(
                ", the process may use 1 GiB in all; lower the total, or raise the process's limit (ulimit -v)"
            ),
            "{text}"
        );
        let smaller = Arena::new(&MemoryConfig {
            backing,
            ..MemoryConfig::with_total(64 << 20)
        });
        assert!(smaller.is_ok(), "the cure works");
    }
    let fitting = Fitting::find(Backing::Best).unwrap();
    assert_eq!((fitting.total, fitting.limit), (512 << 20, Some(1 << 30)));
    assert!(Arena::new(&MemoryConfig::fitting().unwrap()).is_ok());
    println!("both refused");
}
