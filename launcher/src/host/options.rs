//! What stands behind `layerw build PROJECT`.

use std::ffi::OsString;
use std::path::PathBuf;

use super::Host;
use crate::error::Failure;

#[derive(Debug, Eq, PartialEq)]
pub(super) struct Options {
    pub(super) host: Host,
    /// Where the program goes; None leaves it where cargo puts it.
    pub(super) out: Option<PathBuf>,
}

impl Options {
    pub(super) fn read(words: &[OsString]) -> Result<Options, Failure> {
        let (mut host, mut out) = (None, None);
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let text = word.to_string_lossy();
            let (name, value) = match text.split_once('=') {
                Some((name, value)) => (name, Some(OsString::from(value))),
                None => (&*text, None),
            };
            let mut value = |option| {
                let value = value.clone().or_else(|| words.next().cloned());
                value.ok_or(Failure::NoValue { option })
            };
            match name {
                "--host" => host = Some(named(value("--host")?.to_string_lossy().into_owned())?),
                "--out" => out = Some(PathBuf::from(value("--out")?)),
                _ => {
                    return Err(Failure::UnknownOption {
                        verb: "build",
                        option: text.into_owned(),
                        known: "--host, --out, --features and --profile",
                    });
                }
            }
        }
        let host = host.ok_or_else(|| Failure::NoHost {
            found: None,
            known: known(),
        })?;
        Ok(Options { host, out })
    }
}

/// The folder that a page goes to: all that `layerw web PROJECT` asks for.
pub(super) fn out_of(words: &[OsString]) -> Result<PathBuf, Failure> {
    let mut out = None;
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let text = word.to_string_lossy();
        out = match text.split_once('=') {
            None if text == "--out" => words.next().map(PathBuf::from),
            Some(("--out", folder)) => Some(PathBuf::from(folder)),
            _ => {
                return Err(Failure::UnknownOption {
                    verb: "web",
                    option: text.into_owned(),
                    known: "--out, --features and --profile; what a run takes is given in the page's address, as in `?frames=300`",
                });
            }
        };
        if out.as_ref().is_none_or(|out| out.as_os_str().is_empty()) {
            return Err(Failure::NoValue { option: "--out" });
        }
    }
    out.ok_or(Failure::NoPlace)
}

fn named(name: String) -> Result<Host, Failure> {
    let host = Host::ALL.into_iter().find(|host| host.name() == name);
    host.ok_or_else(|| Failure::NoHost {
        found: Some(name),
        known: known(),
    })
}

fn known() -> String {
    Host::ALL.map(Host::name).join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_a_place() {
        let read = |line: &str| {
            let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
            out_of(&words).map_err(|failure| {
                assert_eq!(failure.exit_code(), 2, "{line}");
                failure.to_string()
            })
        };
        assert_eq!(read("--out a"), Ok("a".into()));
        assert_eq!(read("--out=a/b"), Ok("a/b".into()));
        for (line, text) in [
            (
                "",
                "`layerw web` does not say where the page goes; give a folder: `--out FOLDER`",
            ),
            ("--out", "`--out` needs a value; give one as `--out VALUE`"),
            ("--out=", "`--out` needs a value; give one as `--out VALUE`"),
            (
                "--out a --frames 3",
                "`layerw web` has no option `--frames`; it takes --out, --features and --profile; what a run takes is given in the page's address, as in `?frames=300`",
            ),
        ] {
            assert_eq!(read(line), Err(text.to_owned()));
        }
    }

    fn read(line: &str) -> Result<Options, String> {
        let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        Options::read(&words).map_err(|failure| {
            assert_eq!(failure.exit_code(), 2, "{line}");
            failure.to_string()
        })
    }

    #[test]
    fn host_and_place_are_read() {
        let host = Host::Wasi;
        assert_eq!(read("--host wasi"), Ok(Options { host, out: None }));
        let out = Some(PathBuf::from("a.wasm"));
        assert_eq!(read("--out=a.wasm --host=wasi"), Ok(Options { host, out }));
    }

    #[test]
    fn slips_are_named() {
        for (line, text) in [
            (
                "",
                "`layerw build` names no host; give `--host wasi or windows`",
            ),
            (
                "--host mars",
                "`--host mars` is none that programs can be built for; give wasi or windows",
            ),
            (
                "--host",
                "`--host` needs a value; give one as `--host VALUE`",
            ),
            (
                "--host wasi --frames 3",
                "`layerw build` has no option `--frames`; it takes --host, --out, --features and --profile",
            ),
        ] {
            assert_eq!(read(line), Err(text.to_owned()));
        }
    }
}
