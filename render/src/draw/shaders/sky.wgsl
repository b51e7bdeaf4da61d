// The sky: what is seen where nothing stands, and the light that comes from everywhere.

fn sky_gradient(towards: vec3<f32>) -> vec3<f32> {
    let up = mix(frame.horizon.rgb, frame.zenith.rgb, pow(clamp(towards.y, 0.0, 1.0), 0.55));
    let down = mix(frame.horizon.rgb, frame.ground.rgb, smoothstep(0.0, 0.22, -towards.y));
    return select(down, up, towards.y > 0.0);
}

// The light that a matte surface gets which looks this way.
fn sky_light(normal: vec3<f32>) -> vec3<f32> {
    let above = mix(frame.horizon.rgb, frame.zenith.rgb, 0.6);
    return mix(frame.ground.rgb, above, 0.5 + 0.5 * normal.y);
}
