// The glow around what is bright: the picture, smaller and smaller, and up again.
// After Jimenez, "Next generation post processing in Call of Duty: Advanced Warfare", 2014.

fn tap(uv: vec2<f32>, step: vec2<f32>, x: f32, y: f32) -> vec3<f32> {
    return min(textureSampleLevel(source, smooth_sampler, uv + vec2<f32>(x, y) * step, 0.0).rgb, vec3<f32>(200.0));
}

@fragment
fn shrink(in: Screen) -> @location(0) vec4<f32> {
    let step = 1.0 / vec2<f32>(textureDimensions(source));
    var sum = tap(in.uv, step, 0.0, 0.0) * 4.0;
    sum += tap(in.uv, step, -1.0, -1.0) + tap(in.uv, step, 1.0, -1.0) + tap(in.uv, step, -1.0, 1.0) + tap(in.uv, step, 1.0, 1.0);
    return vec4<f32>(sum / 8.0, 1.0);
}

@fragment
fn widen(in: Screen) -> @location(0) vec4<f32> {
    let step = 1.0 / vec2<f32>(textureDimensions(source));
    var sum = tap(in.uv, step, 0.0, 0.0) * 4.0;
    sum += 2.0 * (tap(in.uv, step, -1.0, 0.0) + tap(in.uv, step, 1.0, 0.0) + tap(in.uv, step, 0.0, -1.0) + tap(in.uv, step, 0.0, 1.0));
    sum += tap(in.uv, step, -1.0, -1.0) + tap(in.uv, step, 1.0, -1.0) + tap(in.uv, step, -1.0, 1.0) + tap(in.uv, step, 1.0, 1.0);
    return vec4<f32>(sum / 16.0, 1.0);
}
