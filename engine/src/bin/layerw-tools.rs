//! The verbs that need no project: `diff` and `doctor`. The `layerw` command builds and calls this program for them.

fn main() -> std::process::ExitCode {
    layerw::tools()
}
