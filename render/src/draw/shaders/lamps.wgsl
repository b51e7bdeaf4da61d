// Lamps, and which of them reach a place: the picture is cut into 16 by 9 by 24 clusters, each with a bit for every lamp.

struct Lamp {
    // w: where it ends.
    at: vec4<f32>,
    // w: cosine of where a spot ends, or less than -1.
    colour: vec4<f32>,
    // w: which shadow map, or less than 0.
    towards: vec4<f32>,
}

@group(0) @binding(1) var<uniform> lamps: array<Lamp, 256>;
@group(0) @binding(2) var clusters: texture_2d<u32>;
@group(0) @binding(3) var sun_map: texture_depth_2d;
@group(0) @binding(4) var spot_maps: texture_depth_2d_array;
@group(0) @binding(5) var compare: sampler_comparison;

// How much of the sun arrives.
fn sunny(world: vec3<f32>, normal: vec3<f32>) -> f32 {
    if frame.sun.w <= 0.0 {
        return 1.0;
    }
    let size = vec2<f32>(textureDimensions(sun_map));
    // A step off the surface, so that it does not throw a shadow on itself: two texels.
    let texel = 2.0 / (size.x * length(vec3<f32>(frame.sun_space[0].x, frame.sun_space[1].x, frame.sun_space[2].x)));
    let at = (frame.sun_space * vec4<f32>(world + normal * texel * 2.0, 1.0)).xyz;
    if any(abs(at.xy) >= vec2<f32>(1.0)) || at.z >= 1.0 || at.z <= 0.0 {
        return 1.0;
    }
    let uv = at.xy * vec2<f32>(0.5, -0.5) + 0.5;
    // And one and a half in depth.
    let deep = 1.5 * texel * length(vec3<f32>(frame.sun_space[0].z, frame.sun_space[1].z, frame.sun_space[2].z));
    let taps = i32(frame.sun_light.w);
    var sum = 0.0;
    for (var y = -taps; y <= taps; y++) {
        for (var x = -taps; x <= taps; x++) {
            sum += textureSampleCompareLevel(sun_map, compare, uv + vec2<f32>(f32(x), f32(y)) / size, at.z - deep);
        }
    }
    let side = f32(2 * taps + 1);
    // Shadows fade where the map ends.
    let edge = smoothstep(0.85, 1.0, max(abs(at.x), abs(at.y)));
    return mix(sum / (side * side), 1.0, edge);
}

fn unshaded(lamp: Lamp, world: vec3<f32>, normal: vec3<f32>) -> f32 {
    let map = i32(lamp.towards.w);
    if map < 0 {
        return 1.0;
    }
    let off = world + normal * 0.006 * distance(world, lamp.at.xyz);
    let clip = frame.spot_space[map] * vec4<f32>(off, 1.0);
    let at = clip.xyz / clip.w;
    let uv = at.xy * vec2<f32>(0.5, -0.5) + 0.5;
    let step = 1.0 / vec2<f32>(textureDimensions(spot_maps));
    var sum = 0.0;
    for (var y = -1; y <= 1; y++) {
        for (var x = -1; x <= 1; x++) {
            sum += textureSampleCompareLevel(spot_maps, compare, uv + vec2<f32>(f32(x), f32(y)) * step, map, at.z - 0.0002);
        }
    }
    return sum / 9.0;
}

fn lit_by_lamp(surface: Surface, lamp: Lamp, world: vec3<f32>) -> vec3<f32> {
    let offset = lamp.at.xyz - world;
    let squared = dot(offset, offset);
    let reach = lamp.at.w;
    let share = squared / (reach * reach);
    if share >= 1.0 {
        return vec3<f32>();
    }
    let to_light = offset * inverseSqrt(max(squared, 1e-12));
    var light = (1.0 - share * share) * (1.0 - share * share) / max(squared, 1e-4);
    if lamp.colour.w >= -1.0 {
        let along = dot(-to_light, lamp.towards.xyz);
        // The rim is soft over a tenth of what is left to the middle.
        light *= smoothstep(lamp.colour.w, mix(lamp.colour.w, 1.0, 0.15), along);
        if light > 0.0 {
            light *= unshaded(lamp, world, surface.normal);
        }
    }
    return lit(surface, to_light, lamp.colour.rgb * light);
}

// `pixel` is where in the picture, `depth` how far away.
fn lit_by_lamps(surface: Surface, world: vec3<f32>, pixel: vec2<f32>, depth: f32) -> vec3<f32> {
    var sum = vec3<f32>();
    if frame.depth.z <= 0.0 {
        return sum;
    }
    let slice = clamp(log2(depth) * frame.depth.x + frame.depth.y, 0.0, 23.0);
    let cell = min(vec2<u32>(pixel * frame.size.zw * vec2<f32>(16.0, 9.0)), vec2<u32>(15u, 8u));
    let row = u32(slice) * 9u + cell.y;
    for (var part = 0u; part < 2u; part++) {
        let words = textureLoad(clusters, vec2<u32>(cell.x * 2u + part, row), 0);
        for (var word = 0u; word < 4u; word++) {
            var bits = words[word];
            while bits != 0u {
                let bit = firstTrailingBit(bits);
                bits &= bits - 1u;
                sum += lit_by_lamp(surface, lamps[(part * 4u + word) * 32u + bit], world);
            }
        }
    }
    return sum;
}
