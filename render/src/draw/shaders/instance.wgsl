// A corner of a mesh, and the instance that it belongs to.

struct Corner {
    @location(0) at: vec3<f32>,
    @location(1) normal: vec3<f32>,
}

struct Instance {
    @location(2) at: vec3<f32>,
    @location(3) size: vec3<f32>,
    @location(4) turn: vec4<f32>,
    @location(5) colour: vec4<f32>,
    @location(6) surface: u32,
}

fn turned(turn: vec4<f32>, v: vec3<f32>) -> vec3<f32> {
    let t = 2.0 * cross(turn.xyz, v);
    return v + turn.w * t + cross(turn.xyz, t);
}

fn placed(corner: Corner, instance: Instance) -> vec3<f32> {
    return instance.at + turned(instance.turn, corner.at * instance.size);
}
