// A flock in three dimensions, and nothing but scripts: each boid looks at some two dozen neighbours and follows three rules.
//
// Space is cut into cubic cells of one radius. A cell's bucket is a hash of its y and z plus its x, so that cells beside each other in x are beside each other
// in the table. Boids are copied into the grid in order of their buckets, and neighbours are read from there: a system sees the rows of one chunk, the grid
// holds them all. It is the grid of examples/flock.

// A power of two, at least as many as there are boids.
const BUCKETS = 16384;
// Room for 16384 boids in order of their buckets: a power of two, so that an index that is masked with it needs no check.
const PLACES = 16384;

// What a run can be given: --set boids=2000. As many as there are places at most.
class Settings {
  boids: i32 = 10000;
}

class Rules {
  // How far a boid sees, and how near is too near.
  radius = 1;
  apart = 0.4;
  // Accelerations: away from those too near, towards the mean velocity, towards the centre.
  separation = 1.5;
  alignment = 1;
  cohesion = 0.5;
  slowest = 1;
  fastest = 3;
  // The ball that boids turn back into: of such a size that a boid sees 26 others on average.
  home = 7.27;
}

class Grid {
  // Where each bucket begins; the last is where all end.
  starts = new Int32Array(BUCKETS + 1);
  next = new Int32Array(BUCKETS);
  // By place: the line of cells that a boid is in, where it is and where it flies.
  lines = new Uint32Array(PLACES);
  x = new Float32Array(PLACES);
  y = new Float32Array(PLACES);
  z = new Float32Array(PLACES);
  vx = new Float32Array(PLACES);
  vy = new Float32Array(PLACES);
  vz = new Float32Array(PLACES);
}

// How many others a boid sees.
class Sight {
  count: u32 = 0;
}

function cell(value: number): i32 {
  return i32(Math.floor(value));
}

// What cells beside each other in x share.
function line(y: i32, z: i32): u32 {
  return u32(y & 65535) | (u32(z & 65535) << 16);
}

function bucket(x: i32, line: u32): i32 {
  return i32(((line * 2654435761) >>> 8) + u32(x)) & (BUCKETS - 1);
}

function bucketOf(p: Vec3, radius: number): i32 {
  return bucket(cell(p.x / radius), line(cell(p.y / radius), cell(p.z / radius)));
}

class Populate {
  start(settings: Settings, rules: Rules, world: World, cx: Context) {
    for (let i = 0; i < settings.boids; i++) {
      const random = cx.random(i, 0);
      let x = 1;
      let y = 1;
      let z = 1;
      while (x * x + y * y + z * z > 1) {
        x = random.range(-1, 1);
        y = random.range(-1, 1);
        z = random.range(-1, 1);
      }
      const home = rules.home;
      const speed = rules.fastest;
      world.spawn({
        positions: { x: x * home, y: y * home, z: z * home },
        velocities: { x: y * speed, y: z * speed, z: x * speed },
        Sight: {},
      });
    }
  }
}

class Clear {
  update(grid: Grid) {
    for (let i = 0; i < grid.starts.length; i++) {
      grid.starts[i] = 0;
    }
  }
}

class Count {
  update(positions: Vec3[], grid: Grid, rules: Rules) {
    for (const p of positions) {
      grid.starts[bucketOf(p, rules.radius)]++;
    }
  }
}

class PrefixSum {
  update(grid: Grid) {
    let sum: i32 = 0;
    for (let i = 0; i < grid.next.length; i++) {
      const count = grid.starts[i];
      grid.starts[i] = sum;
      grid.next[i] = sum;
      sum += count;
    }
    grid.starts[BUCKETS] = sum;
  }
}

class Scatter {
  update(positions: Vec3[], velocities: Vec3[], grid: Grid, rules: Rules) {
    for (let i = 0; i < positions.length; i++) {
      const p = positions[i];
      const v = velocities[i];
      const b = bucketOf(p, rules.radius);
      const k = grid.next[b];
      grid.next[b] = k + 1;
      grid.lines[k] = line(cell(p.y / rules.radius), cell(p.z / rules.radius));
      grid.x[k] = p.x;
      grid.y[k] = p.y;
      grid.z[k] = p.z;
      grid.vx[k] = v.x;
      grid.vy[k] = v.y;
      grid.vz[k] = v.z;
    }
  }
}

class Steer {
  update(positions: Vec3[], velocities: Vec3[], sights: Sight[], grid: Grid, rules: Rules, dt: number) {
    const limit = rules.radius * rules.radius;
    const near = rules.apart * rules.apart;
    for (let i = 0; i < positions.length; i++) {
      const p = positions[i];
      const v = velocities[i];
      const cellX = cell(p.x / rules.radius);
      const cellY = cell(p.y / rules.radius);
      const cellZ = cell(p.z / rules.radius);
      let count: u32 = 0;
      let pushX = 0, pushY = 0, pushZ = 0;
      let meanX = 0, meanY = 0, meanZ = 0;
      let centreX = 0, centreY = 0, centreZ = 0;
      for (let dz = -1; dz < 2; dz++) {
        for (let dy = -1; dy < 2; dy++) {
          const mine = line(cellY + dy, cellZ + dz);
          // Three cells beside each other in x are one run of places, or two where the table wraps.
          const first = bucket(cellX - 1, mine);
          for (let part = 0; part < 2; part++) {
            const from = part === 0 ? first : 0;
            const past = part === 0 ? Math.min(first + 3, BUCKETS) : Math.max(first + 3 - BUCKETS, 0);
            const end = grid.starts[past];
            for (let n = grid.starts[from]; n < end; n++) {
              const k = n & (PLACES - 1);
              const x = grid.x[k] - p.x;
              const y = grid.y[k] - p.y;
              const z = grid.z[k] - p.z;
              const there = grid.lines[k];
              const squared = x * x + y * y + z * z;
              if (squared < limit && squared > 0 && there === mine) {
                count++;
                meanX += grid.vx[k];
                meanY += grid.vy[k];
                meanZ += grid.vz[k];
                centreX += x;
                centreY += y;
                centreZ += z;
                if (squared < near) {
                  pushX -= x / squared;
                  pushY -= y / squared;
                  pushZ -= z / squared;
                }
              }
            }
          }
        }
      }
      let pullX = pushX * rules.separation;
      let pullY = pushY * rules.separation;
      let pullZ = pushZ * rules.separation;
      if (count > 0) {
        const share = 1 / f32(count);
        pullX += (meanX * share - v.x) * rules.alignment + centreX * share * rules.cohesion;
        pullY += (meanY * share - v.y) * rules.alignment + centreY * share * rules.cohesion;
        pullZ += (meanZ * share - v.z) * rules.alignment + centreZ * share * rules.cohesion;
      }
      const away = Math.sqrt(p.x * p.x + p.y * p.y + p.z * p.z);
      const out = Math.max(away - rules.home, 0) / Math.max(away, 0.000001);
      const x = v.x + (pullX - p.x * out) * dt;
      const y = v.y + (pullY - p.y * out) * dt;
      const z = v.z + (pullZ - p.z * out) * dt;
      const speed = Math.max(Math.sqrt(x * x + y * y + z * z), 0.000001);
      const scale = Math.min(Math.max(speed, rules.slowest), rules.fastest) / speed;
      v.x = x * scale;
      v.y = y * scale;
      v.z = z * scale;
      sights[i].count = count;
    }
  }
}

class Fly {
  update(positions: Vec3[], velocities: Vec3[], dt: number) {
    for (let i = 0; i < positions.length; i++) {
      positions[i].x += velocities[i].x * dt;
      positions[i].y += velocities[i].y * dt;
      positions[i].z += velocities[i].z * dt;
    }
  }
}
