// What a surface makes of light: GGX for what it mirrors, Lambert for the rest.
// Walter et al., "Microfacet models for refraction through rough surfaces", 2007; the ambient part after Karis, "Physically based shading on mobile", 2014.

struct Surface {
    colour: vec3<f32>,
    normal: vec3<f32>,
    // To the eye.
    view: vec3<f32>,
    // What it mirrors where it is looked at straight.
    mirrors: vec3<f32>,
    metallic: f32,
    roughness: f32,
}

fn lit(surface: Surface, to_light: vec3<f32>, light: vec3<f32>) -> vec3<f32> {
    let n_l = dot(surface.normal, to_light);
    if n_l <= 0.0 {
        return vec3<f32>();
    }
    let half_way = normalize(to_light + surface.view);
    let n_v = max(dot(surface.normal, surface.view), 1e-3);
    let n_h = max(dot(surface.normal, half_way), 0.0);
    let v_h = max(dot(surface.view, half_way), 0.0);
    let a = surface.roughness * surface.roughness;
    let a2 = a * a;
    let d = n_h * n_h * (a2 - 1.0) + 1.0;
    let spread = a2 / max(3.14159265 * d * d, 1e-6);
    let shadowing = 0.5 / max(n_l * sqrt(n_v * n_v * (1.0 - a2) + a2) + n_v * sqrt(n_l * n_l * (1.0 - a2) + a2), 1e-4);
    let fresnel = surface.mirrors + (1.0 - surface.mirrors) * pow(1.0 - v_h, 5.0);
    let matte = (1.0 - fresnel) * (1.0 - surface.metallic) * surface.colour / 3.14159265;
    return (matte + fresnel * (spread * shadowing)) * light * n_l;
}

fn lit_by_sky(surface: Surface) -> vec3<f32> {
    let n_v = max(dot(surface.normal, surface.view), 0.0);
    let seen = reflect(-surface.view, surface.normal);
    let sharp = mix(sky_gradient(seen), sky_light(seen), sqrt(surface.roughness));
    let r = surface.roughness * vec4<f32>(-1.0, -0.0275, -0.572, 0.022) + vec4<f32>(1.0, 0.0425, 1.04, -0.04);
    let b = min(r.x * r.x, exp2(-9.28 * n_v)) * r.x + r.y;
    let mirrored = surface.mirrors * (-1.04 * b + r.z) + (1.04 * b + r.w);
    return surface.colour * (1.0 - surface.metallic) * sky_light(surface.normal) + mirrored * sharp;
}
