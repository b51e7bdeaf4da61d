// From light to what a screen shows: the curve of ACES as Stephen Hill fitted it.

struct Tone {
    // Exposure, share of the glow, of how many pictures it is the sum, then 1 where the target keeps linear light and 0 where the curve of sRGB is ours to apply.
    values: vec4<f32>,
}

@group(1) @binding(0) var<uniform> tone: Tone;
@group(1) @binding(1) var bloom: texture_2d<f32>;

fn shown(light: vec3<f32>) -> vec3<f32> {
    let into = mat3x3<f32>(
        vec3<f32>(0.59719, 0.07600, 0.02840),
        vec3<f32>(0.35458, 0.90834, 0.13383),
        vec3<f32>(0.04823, 0.01566, 0.83777),
    );
    let out_of = mat3x3<f32>(
        vec3<f32>(1.60475, -0.10208, -0.00327),
        vec3<f32>(-0.53108, 1.10813, -0.07276),
        vec3<f32>(-0.07367, -0.00605, 1.07602),
    );
    let v = into * light;
    let curve = (v * (v + 0.0245786) - 0.000090537) / (v * (0.983729 * v + 0.4329510) + 0.238081);
    return clamp(out_of * curve, vec3<f32>(), vec3<f32>(1.0));
}

@fragment
fn develop(in: Screen) -> @location(0) vec4<f32> {
    var light = textureSampleLevel(source, smooth_sampler, in.uv, 0.0).rgb;
    if tone.values.y > 0.0 {
        light = mix(light, textureSampleLevel(bloom, smooth_sampler, in.uv, 0.0).rgb / tone.values.z, tone.values.y);
    }
    // 1.8: so that light of 1 comes out almost as it is.
    let picture = shown(max(light, vec3<f32>()) * (1.8 * tone.values.x));
    let coded = select(1.055 * pow(picture, vec3<f32>(1.0 / 2.4)) - 0.055, picture * 12.92, picture < vec3<f32>(0.0031308));
    return vec4<f32>(select(coded, picture, tone.values.w > 0.5), 1.0);
}
