class MovementSystem {
  update(positions: Vec2[], velocities: Vec2[], dt: number) {
    for (let i = 0; i < positions.length; i++) {
      positions[i].x += velocities[i].x * dt;
      positions[i].y += velocities[i].y * dt;
    }
  }
}
