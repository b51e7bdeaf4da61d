// Round spots of light that face the camera.

struct Spot {
    @builtin(position) position: vec4<f32>,
    @location(0) across: vec2<f32>,
    @location(1) light: vec3<f32>,
}

@vertex
fn spot(
    @builtin(vertex_index) vertex: u32,
    @location(0) at: vec3<f32>,
    @location(1) radius: f32,
    @location(2) colour: vec4<f32>,
    @location(3) glow: f32,
) -> Spot {
    let across = vec2<f32>(f32(vertex & 1u), f32(vertex >> 1u)) * 2.0 - 1.0;
    let middle = frame.clip * vec4<f32>(at, 1.0);
    // Pixels from the middle to the rim; what would be less than one is that large and less bright.
    let far = max(middle.w, 1e-6);
    let wanted = select(-radius * frame.size.y / 720.0, radius / (far * length(frame.up.xyz)) * 0.5 * frame.size.y, radius > 0.0);
    let pixels = max(wanted, 1.1);
    let share = wanted / pixels;
    var out: Spot;
    out.position = middle + vec4<f32>(across * pixels * 2.0 * frame.size.zw * middle.w, 0.0, 0.0);
    out.across = across;
    out.light = colour.rgb * colour.rgb * (colour.a * glow * share * share);
    return out;
}

@fragment
fn glow(in: Spot) -> @location(0) vec4<f32> {
    let inside = max(1.0 - dot(in.across, in.across), 0.0);
    return vec4<f32>(in.light * (inside * inside), 0.0);
}
