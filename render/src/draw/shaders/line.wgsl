// Straight lines of even width.

struct Stroke {
    @builtin(position) position: vec4<f32>,
    @location(0) across: f32,
    @location(1) colour: vec4<f32>,
    @location(2) half_width: f32,
}

@vertex
fn stroke(
    @builtin(vertex_index) vertex: u32,
    @location(0) from_at: vec3<f32>,
    @location(1) width: f32,
    @location(2) to_at: vec3<f32>,
    @location(3) colour: vec4<f32>,
) -> Stroke {
    var a = frame.clip * vec4<f32>(from_at, 1.0);
    var b = frame.clip * vec4<f32>(to_at, 1.0);
    // What is behind the camera is cut off.
    let near = frame.eye.w;
    if a.w < near && b.w > near { a = mix(a, b, (near - a.w) / (b.w - a.w)); }
    else if b.w < near && a.w > near { b = mix(b, a, (near - b.w) / (a.w - b.w)); }
    let along = (b.xy / b.w - a.xy / a.w) * frame.size.xy;
    let length = max(length(along), 1e-6);
    let side = vec2<f32>(-along.y, along.x) / length;
    let across = f32(vertex & 1u) * 2.0 - 1.0;
    let wanted = width * frame.size.y / 720.0;
    let pixels = max(wanted, 1.0);
    let end = select(a, b, vertex > 1u);
    var out: Stroke;
    out.position = end + vec4<f32>(side * (across * (0.5 * pixels + 0.5) * 2.0) * frame.size.zw * end.w, 0.0, 0.0);
    out.across = across * (0.5 * pixels + 0.5);
    out.colour = vec4<f32>(colour.rgb * colour.rgb, colour.a * wanted / pixels);
    out.half_width = 0.5 * pixels;
    return out;
}

@fragment
fn ink(in: Stroke) -> @location(0) vec4<f32> {
    // The outermost pixel of each side fades.
    let cover = in.colour.a * clamp(in.half_width + 0.5 - abs(in.across), 0.0, 1.0);
    return vec4<f32>(in.colour.rgb * cover, cover);
}
