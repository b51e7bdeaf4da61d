//! Sizes as people write them.

use layerw_memory::Bytes;

/// Bytes of `64 MiB`, `1 GiB`, `512 KiB`, `100 B` or `100`.
pub(crate) fn parse(text: &str) -> Option<u64> {
    text.parse().ok().map(|Bytes(bytes)| bytes)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn sizes_have_binary_units() {
        for (text, bytes) in [
            ("100", Some(100)),
            ("100 B", Some(100)),
            ("64KiB", Some(65_536)),
            ("64 MiB", Some(64 << 20)),
            ("4 GiB", Some(4 << 30)),
            ("", None),
            ("MiB", None),
            ("64 MB", None),
            ("1.5 GiB", None),
            ("-1", None),
            ("99999999999999999999", None),
            ("99999999999999 GiB", None),
        ] {
            assert_eq!(parse(text), bytes, "{text:?}");
        }
    }
}
