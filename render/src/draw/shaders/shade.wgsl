// Depth as it is seen from a light.

@group(0) @binding(0) var<uniform> light_space: mat4x4<f32>;

@vertex
fn shade(corner: Corner, instance: Instance) -> @builtin(position) vec4<f32> {
    return light_space * vec4<f32>(placed(corner, instance), 1.0);
}
