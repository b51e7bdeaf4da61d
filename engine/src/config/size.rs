//! Sizes as people write them.

/// Bytes of `64 MiB`, `1 GiB`, `512 KiB`, `100 B` or `100`. Whole numbers only: half a GiB is 512 MiB.
pub(crate) fn parse(text: &str) -> Option<u64> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let scale: u64 = match unit.trim_start() {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(scale)
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
