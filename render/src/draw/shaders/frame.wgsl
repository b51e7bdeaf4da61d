// What is the same for a whole picture.

struct Frame {
    // From the world to the picture, and to the sun's shadow map.
    clip: mat4x4<f32>,
    sun_space: mat4x4<f32>,
    // w: nearest distance.
    eye: vec4<f32>,
    // Half the picture at distance 1, to the right and up; then forward.
    right: vec4<f32>,
    up: vec4<f32>,
    forward: vec4<f32>,
    // w: 1 if it throws shadows.
    sun: vec4<f32>,
    // w: taps of a shadow to each side.
    sun_light: vec4<f32>,
    // w: brightness of stars.
    zenith: vec4<f32>,
    horizon: vec4<f32>,
    ground: vec4<f32>,
    // Width and height in pixels, and 1 / of each.
    size: vec4<f32>,
    // Slices of depth: scale and offset of the logarithm, then how many lamps there are, then exposure.
    depth: vec4<f32>,
    // Of spots that throw shadows.
    spot_space: array<mat4x4<f32>, 4>,
}

@group(0) @binding(0) var<uniform> frame: Frame;
