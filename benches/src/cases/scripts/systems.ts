// The systems of the cases W2 to W5, in the order of `System`.

class Movement {
  update(places: Vec2[], speeds: Vec2[], dt: number) {
    for (let i = 0; i < places.length; i++) {
      places[i].x += speeds[i].x * dt;
      places[i].y += speeds[i].y * dt;
    }
  }
}

class Steer {
  update(places: Vec2[], speeds: Vec2[], dt: number) {
    for (let i = 0; i < places.length; i++) {
      const speed = speeds[i];
      const x = 50 - places[i].x;
      const y = 50 - places[i].y;
      const distance = Math.sqrt(x * x + y * y);
      let across = speed.x;
      let along = speed.y;
      if (distance > 1) {
        across += (x / distance) * dt;
        along += (y / distance) * dt;
      }
      const fast = Math.sqrt(across * across + along * along);
      if (fast > 10) {
        across = (across / fast) * 10;
        along = (along / fast) * 10;
      }
      speed.x = across;
      speed.y = along;
    }
  }
}

class Bounce {
  update(places: Vec2[], speeds: Vec2[]) {
    for (let i = 0; i < places.length; i++) {
      if (places[i].x < 0 || places[i].x > 100) {
        speeds[i].x = -speeds[i].x;
      }
      if (places[i].y < 0 || places[i].y > 100) {
        speeds[i].y = -speeds[i].y;
      }
    }
  }
}

class Poisoned {
  update(healths: number[], poisons: number[], dt: number) {
    for (let i = 0; i < healths.length; i++) {
      if (poisons[i] > 0) {
        healths[i] -= 5 * dt;
        poisons[i] -= dt;
      } else {
        healths[i] = Math.min(healths[i] + 2 * dt, 100);
      }
    }
  }
}
