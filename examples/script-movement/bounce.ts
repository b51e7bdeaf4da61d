// What the world is like: a resource, declared in Rust with the same fields.
class Room {
  width: number;
  height: number;
  // How much of its speed a point keeps when it meets a wall.
  bounce: number;
}

// The wall that a coordinate is beyond, or the coordinate itself.
function within(value: number, end: number): number {
  return Math.max(0, Math.min(value, end));
}

class BounceSystem {
  update(positions: Vec2[], velocities: Vec2[], room: Room) {
    for (let i = 0; i < positions.length; i++) {
      const position = positions[i];
      const velocity = velocities[i];
      const x = within(position.x, room.width);
      const y = within(position.y, room.height);
      if (x !== position.x) {
        position.x = x;
        velocity.x = -velocity.x * room.bounce;
      }
      if (y !== position.y) {
        position.y = y;
        velocity.y = -velocity.y * room.bounce;
      }
    }
  }
}
