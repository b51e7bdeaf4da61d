// A system of every kind that there is: what starts, what goes over rows, chunks and events, what records commands, and what writes a resource meanwhile.

const BEES = 5000;

class Tally {
  sum = -1;
  stung: u32 = 0;
  steps: u64 = 0;
  log = new Uint8Array(64);
}

// Larger than what would be made on the stack.
class Weights {
  scale = 0.5;
  of = new Float32Array(3000);
}

class Wing {
  beat: f32 = 1;
  span = new Vec2(1, 0.5);
}

class Bee {
  age: u32 = 0;
  hurt: i32 = 0;
}

class Friend {
  of: Entity;
}

class Tired {}

class Sting {
  who: Entity;
  by: i32;
  kind: i32 = 7;
}

class Hive {
  start(tally: Tally, world: World, cx: Context) {
    for (let i = 0; i < BEES; i++) {
      const random = cx.random(i, 3);
      const x = random.range(-1, 1);
      if (random.below(3) === 0) {
        world.spawn({ positions: { x: x, y: 2 }, Bee: { hurt: 2 }, Tired: {} });
      } else {
        world.spawn({ positions: { x: x, y: random.unit() }, Bee: {}, Wing: { beat: -x } });
      }
    }
    tally.stung = 1;
  }

  update(tally: Tally, cx: Context) {
    tally.steps = cx.step;
  }
}

class Weigh {
  start(weights: Weights) {
    for (let i = 0; i < weights.of.length; i++) weights.of[i] = f32(i) * weights.scale;
  }
}

// Row by row, with a filter and commands.
class Tire {
  static without = [Tired];

  update(entities: Entity[], bees: Bee[], world: World, cx: Context) {
    for (let i = 0; i < bees.length; i++) {
      bees[i].age += 1;
      const random = cx.random(entities[i], 0);
      if (random.unit() < 0.1) world.insert(entities[i], { Tired: {}, Friend: { of: entities[i] } });
      if (random.unit() < 0.02) world.send(Sting, { who: entities[i], by: 1 + i32(random.below(2)) });
    }
  }
}

class Rest {
  static with = [Tired];

  update(entities: Entity[], bees: Bee[], world: World) {
    for (let i = 0; i < bees.length; i++) {
      bees[i].age += 1;
      if (bees[i].age % 5 === 0) world.remove(entities[i], Tired, Friend);
    }
  }
}

// A choice for each row.
class Flap {
  update(wings: Wing[], dt: number) {
    for (const wing of wings) {
      if (wing.beat < 0 || wing.span.y > 3) {
        wing.beat = -wing.beat;
      }
      wing.span.y += wing.beat * dt;
    }
  }
}

// Row by row, with events.
class Feel {
  update(entities: Entity[], bees: Bee[], stings: Events<Sting>) {
    for (let i = 0; i < bees.length; i++) {
      for (const sting of stings) {
        if (sting.who === entities[i]) bees[i].hurt += sting.by;
      }
    }
  }
}

// Events alone.
class Heed {
  update(stings: Events<Sting>, tally: Tally) {
    for (const sting of stings) {
      tally.log[sting.by & 63] = tally.log[sting.by & 63] + 1;
    }
  }
}

// A resource is written row by row, with entities and commands.
class Die {
  update(entities: Entity[], bees: Bee[], tally: Tally, world: World) {
    for (let i = 0; i < bees.length; i++) {
      if (bees[i].hurt > 2 && bees[i].age > 3) {
        world.despawn(entities[i]);
        tally.stung++;
        continue;
      }
      bees[i].hurt = bees[i].hurt > 5 ? 5 : bees[i].hurt;
    }
  }
}

// A resource is written once for each chunk.
class Sum {
  static without = [Tired];

  update(positions: Vec2[], tally: Tally) {
    let sum = 0;
    for (const p of positions) sum += p.x;
    tally.sum += sum;
    tally.log[tally.log[63]] = u32(positions.length) & 255;
  }
}

// The same, and a row is written.
class Order {
  update(positions: Vec2[], wings: Wing[], tally: Tally) {
    const last = wings[positions.length - 1].beat;
    positions[0].x = last;
    tally.sum += last;
  }
}

// The rows of a chunk together, with a filter and a command.
class Lead {
  static with = [Wing];

  update(entities: Entity[], positions: Vec2[], weights: Weights, world: World) {
    const last = positions[positions.length - 1].x;
    positions[0].y = last * weights.of[positions.length % 3000];
    if (last > 0.5) world.send(Sting, { who: entities[0], by: 1 });
  }
}

// Rows that nobody has.
class Nobody {
  update(nobodies: i64[], tally: Tally) {
    for (let i = 0; i < nobodies.length; i++) tally.stung = 0;
  }
}
