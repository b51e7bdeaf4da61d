// 1 / sqrt(x) for x above 0, out of operations that have one result: a guess from the bits, and three steps of Newton's method.
fn inverse_root(x: f32) -> f32 {
    let half = x * 0.5;
    var root = bitcast<f32>(0x5f3759dfu - (bitcast<u32>(x) >> 1u));
    root *= 1.5 - half * root * root;
    root *= 1.5 - half * root * root;
    root *= 1.5 - half * root * root;
    return root;
}
