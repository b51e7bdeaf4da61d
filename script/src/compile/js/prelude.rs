//! Helpers that the text begins with, each only where something calls it.

use crate::compile::LOOP_BUDGET;

/// By name: the text, and the helpers that it calls itself.
const HELPERS: [(&str, &str, &[&str]); 24] = [
    (
        "$stop",
        "function $stop(why) {\n  throw new Error(why);\n}\n",
        &[],
    ),
    (
        "$at",
        "// A row that is there.\nfunction $at(row, length) {\n  return row >>> 0 < length ? row : $stop(\"a row beyond the last one\");\n}\n",
        &["$stop"],
    ),
    (
        "$item",
        "// An element of an array that is there.\nfunction $item(index, count) {\n  return index >>> 0 < count ? index : $stop(\"an index beyond the end of the array\");\n}\n",
        &["$stop"],
    ),
    (
        "$spend",
        "// Rounds of loops, of which there are so many for a row.\nfunction $spend(rounds) {\n  if (rounds > $budget) $stop(\"loops that go on for too long\");\n  if (rounds > 0) $budget -= rounds;\n  return true;\n}\n",
        &["$stop"],
    ),
    (
        "$divisor",
        "function $divisor(by) {\n  return by == 0 ? $stop(\"a whole number divided by 0\") : by;\n}\n",
        &["$stop"],
    ),
    (
        "$nan",
        "// One NaN for all, where it reaches memory.\nfunction $nan(x) {\n  return x === x ? x : NaN;\n}\n",
        &[],
    ),
    (
        "$i32",
        "// Towards 0, the nearest there is; 0 for NaN.\nfunction $i32(x) {\n  return x >= 2147483647 ? 2147483647 : x <= -2147483648 ? -2147483648 : x | 0;\n}\n",
        &[],
    ),
    (
        "$u32",
        "function $u32(x) {\n  return x >= 4294967295 ? 4294967295 : x > 0 ? x >>> 0 : 0;\n}\n",
        &[],
    ),
    (
        "$i64",
        "function $i64(x) {\n  if (x !== x) return 0n;\n  if (x >= 9223372036854775808) return 9223372036854775807n;\n  return x <= -9223372036854775808 ? -9223372036854775808n : BigInt(Math.trunc(x));\n}\n",
        &[],
    ),
    (
        "$u64",
        "function $u64(x) {\n  if (!(x > 0)) return 0n;\n  return x >= 18446744073709551616 ? 18446744073709551615n : BigInt(Math.trunc(x));\n}\n",
        &[],
    ),
    (
        "$f32",
        "// Rounded once: what is below the 53 bits of a number on the way is kept as one bit.\nfunction $f32(n) {\n  if (n >= -9007199254740992n && n <= 9007199254740992n) return Math.fround(Number(n));\n  const high = n >> 11n;\n  return Math.fround(Number(n & 2047n ? high | 1n : high)) * 2048;\n}\n",
        &[],
    ),
    (
        "$wrap",
        "function $wrap(n) {\n  return BigInt.asIntN(64, n);\n}\n",
        &[],
    ),
    (
        "$wrapU",
        "function $wrapU(n) {\n  return BigInt.asUintN(64, n);\n}\n",
        &[],
    ),
    (
        "$abs",
        "function $abs(n) {\n  return n < 0n ? BigInt.asIntN(64, -n) : n;\n}\n",
        &[],
    ),
    (
        "$min",
        "function $min(a, b) {\n  return a < b ? a : b;\n}\n",
        &[],
    ),
    (
        "$max",
        "function $max(a, b) {\n  return a > b ? a : b;\n}\n",
        &[],
    ),
    (
        "$keyed",
        "// Random numbers: SplitMix64, keyed by four words.\nfunction $keyed(seed, step, entity, stream) {\n  let state = $mix($step(0n) ^ $mix($step(seed)));\n  state = $mix($step(state) ^ $mix($step(step)));\n  state = $mix($step(state) ^ $mix($step(entity)));\n  return $mix($step(state) ^ $mix($step(stream)));\n}\n",
        &["$mix", "$step"],
    ),
    (
        "$step",
        "function $step(state) {\n  return BigInt.asUintN(64, state + 0x9e3779b97f4a7c15n);\n}\n",
        &[],
    ),
    (
        "$mix",
        "function $mix(z) {\n  z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);\n  z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);\n  return z ^ (z >> 31n);\n}\n",
        &[],
    ),
    (
        "$unit",
        "function $unit(state) {\n  return Number($mix(state) >> 40n) / 16777216;\n}\n",
        &["$mix"],
    ),
    (
        "$unit64",
        "function $unit64(state) {\n  return Number($mix(state) >> 11n) / 9007199254740992;\n}\n",
        &["$mix"],
    ),
    (
        "$range",
        "function $range(low, high, state) {\n  return Math.fround(low + Math.fround(Math.fround(high - low) * $unit(state)));\n}\n",
        &["$mix", "$unit"],
    ),
    (
        "$below",
        "function $below(bound, state) {\n  return Number(($mix(state) * BigInt(bound)) >> 64n);\n}\n",
        &["$mix"],
    ),
    (
        "$sign",
        "function $sign(x, of) {\n  return of < 0 || Object.is(of, -0) ? -Math.abs(x) : Math.abs(x);\n}\n",
        &[],
    ),
];

/// The names that the text needs for itself.
pub fn names() -> impl Iterator<Item = &'static str> {
    let others = [
        "$row",
        "$budget",
        "$rowAtHand",
        "$world",
        "$math",
        "$pause",
        "$show",
    ];
    HELPERS.iter().map(|(name, ..)| *name).chain(others)
}

/// The helpers that some text calls, in a fixed order, and what they keep.
pub fn text(of: &str) -> String {
    let calls = |name: &str| of.contains(&format!("{name}("));
    let called = |name: &str| {
        let by_another =
            |(other, _, needs): &(&str, &str, &[&str])| needs.contains(&name) && calls(other);
        calls(name) || HELPERS.iter().any(by_another)
    };
    let mut text = String::from(
        "\n// The row at hand, for who asks when something stops.\nlet $row = 0;\nfunction $rowAtHand() {\n  return $row;\n}\n",
    );
    if of.contains("$budget") || called("$spend") {
        text.push_str(&format!("let $budget = {LOOP_BUDGET};\n"));
    }
    for (name, helper, _) in HELPERS {
        if called(name) {
            text.push_str(helper);
        }
    }
    text
}
