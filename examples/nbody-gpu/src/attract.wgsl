// Every body falls towards every other. The order of the sum is that of the bodies, in the twin too.
#include "inverse_root.wgsl"

struct Body { x: f32, y: f32, z: f32, mass: f32 }
struct Velocity { x: f32, y: f32, z: f32 }
struct Rules { softening: f32 }

var<storage, read> bodies: array<Body>;
var<storage, read> own: array<Body>;
var<storage, read_write> velocities: array<Velocity>;
var<storage, read> rules: Rules;

fn row(row: u32) {
    let x = own[row].x;
    let y = own[row].y;
    let z = own[row].z;
    let apart = rules.softening;
    var pull_x = 0.0;
    var pull_y = 0.0;
    var pull_z = 0.0;
    let count = arrayLength(&bodies);
    for (var other = 0u; other < count; other++) {
        let body = bodies[other];
        let dx = body.x - x;
        let dy = body.y - y;
        let dz = body.z - z;
        let inverse = inverse_root(dx * dx + dy * dy + dz * dz + apart);
        let strength = body.mass * inverse * inverse * inverse;
        pull_x += dx * strength;
        pull_y += dy * strength;
        pull_z += dz * strength;
    }
    velocities[row].x += pull_x * cx.dt;
    velocities[row].y += pull_y * cx.dt;
    velocities[row].z += pull_z * cx.dt;
}
