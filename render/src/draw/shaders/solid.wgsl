// Instances of meshes in all their light.

struct Solid {
    @builtin(position) position: vec4<f32>,
    @location(0) world: vec3<f32>,
    @location(1) normal: vec3<f32>,
    @location(2) colour: vec4<f32>,
    @location(3) @interpolate(flat) surface: u32,
}

@vertex
fn corner(corner: Corner, instance: Instance) -> Solid {
    var out: Solid;
    out.world = placed(corner, instance);
    out.position = frame.clip * vec4<f32>(out.world, 1.0);
    out.normal = turned(instance.turn, corner.normal / instance.size);
    out.colour = vec4<f32>(instance.colour.rgb * instance.colour.rgb, instance.colour.a);
    out.surface = instance.surface;
    return out;
}

@fragment
fn solid(in: Solid) -> @location(0) vec4<f32> {
    var surface: Surface;
    surface.colour = in.colour.rgb;
    surface.normal = normalize(in.normal);
    surface.view = normalize(frame.eye.xyz - in.world);
    surface.metallic = f32(in.surface & 255u) / 255.0;
    surface.roughness = max(f32((in.surface >> 8u) & 255u) / 255.0, 0.045);
    surface.mirrors = mix(vec3<f32>(0.04), surface.colour, surface.metallic);
    let depth = dot(in.world - frame.eye.xyz, frame.forward.xyz);

    var light = lit_by_sky(surface);
    if frame.sun.w >= 0.0 {
        let sun = lit(surface, frame.sun.xyz, frame.sun_light.rgb);
        if any(sun > vec3<f32>()) {
            light += sun * sunny(in.world, surface.normal);
        }
    }
    light += lit_by_lamps(surface, in.world, in.position.xy, depth);
    light += in.colour.rgb * (f32(in.surface >> 16u) / 64.0);
    return vec4<f32>(light * in.colour.a, in.colour.a);
}
