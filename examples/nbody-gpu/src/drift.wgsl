struct Body { x: f32, y: f32, z: f32, mass: f32 }
struct Velocity { x: f32, y: f32, z: f32 }

var<storage, read> velocities: array<Velocity>;
var<storage, read_write> bodies: array<Body>;

fn row(row: u32) {
    bodies[row].x += velocities[row].x * cx.dt;
    bodies[row].y += velocities[row].y * cx.dt;
    bodies[row].z += velocities[row].z * cx.dt;
}
