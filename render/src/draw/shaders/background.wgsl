// A triangle over the whole picture, as far away as can be.

struct Background {
    @builtin(position) position: vec4<f32>,
    @location(0) towards: vec3<f32>,
}

@vertex
fn background(@builtin(vertex_index) vertex: u32) -> Background {
    let corner = vec2<f32>(f32((vertex << 1u) & 2u), f32(vertex & 2u)) * 2.0 - 1.0;
    var out: Background;
    out.position = vec4<f32>(corner, 0.0, 1.0);
    out.towards = frame.forward.xyz + corner.x * frame.right.xyz + corner.y * frame.up.xyz;
    return out;
}

fn hash(cell: vec3<u32>) -> vec3<f32> {
    // PCG in three dimensions: Jarzynski and Olano, "Hash functions for GPU rendering", 2020.
    var v = cell * 1664525u + 1013904223u;
    v.x += v.y * v.z; v.y += v.z * v.x; v.z += v.x * v.y;
    v = v ^ (v >> vec3<u32>(16u));
    v.x += v.y * v.z; v.y += v.z * v.x; v.z += v.x * v.y;
    return vec3<f32>(v >> vec3<u32>(8u)) / 16777216.0;
}

// Stars in the cells of a cube around everything, one at most in each.
fn stars(towards: vec3<f32>, cells: f32, salt: u32) -> vec3<f32> {
    let a = abs(towards);
    var face = 0u;
    var on = vec3<f32>();
    if a.x >= a.y && a.x >= a.z { face = select(0u, 1u, towards.x < 0.0); on = vec3<f32>(towards.y, towards.z, a.x); }
    else if a.y >= a.z { face = select(2u, 3u, towards.y < 0.0); on = vec3<f32>(towards.z, towards.x, a.y); }
    else { face = select(4u, 5u, towards.z < 0.0); on = vec3<f32>(towards.x, towards.y, a.z); }
    let at = (on.xy / on.z * 0.5 + 0.5) * cells;
    let cell = floor(at);
    let random = hash(vec3<u32>(vec2<u32>(cell), face + salt));
    let more = hash(vec3<u32>(vec2<u32>(cell), face + salt + 64u));
    // So far from the middle of the star, in pixels.
    let pixels = length(at - cell - 0.15 - 0.7 * random.xy) / cells * 2.0 / (frame.size.w * 2.0 * length(frame.up.xyz));
    let brightness = pow(random.z, 14.0) * 2.0 * exp(-pixels * pixels * 1.6);
    let warm = mix(vec3<f32>(0.65, 0.78, 1.0), vec3<f32>(1.0, 0.82, 0.62), more.x);
    return warm * brightness;
}

@fragment
fn sky(in: Background) -> @location(0) vec4<f32> {
    let towards = normalize(in.towards);
    var light = sky_gradient(towards);
    if frame.zenith.w > 0.0 {
        light += frame.zenith.w * (stars(towards, 48.0, 0u) + 0.35 * stars(towards, 130.0, 7u));
    }
    let along = dot(towards, frame.sun.xyz);
    if frame.sun.w >= 0.0 && along > 0.0 {
        let disc = smoothstep(0.99978, 0.99990, along) * 18.0;
        let haze = pow(along, 700.0) * 0.9 + pow(along, 24.0) * 0.10;
        light += frame.sun_light.rgb * (disc + haze);
    }
    return vec4<f32>(light, 1.0);
}
