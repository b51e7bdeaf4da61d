// An hourglass: 10 000 grains of sand fall through its neck, pile up and slide, and when all have come to rest it is turned.
//
// Space is cut into cells, and a cell holds one grain: a grain moves only into a cell that is free, so no two ever overlap. Who is where stands in the resource
// Glass beside the grains' own positions; the system that moves grains writes both, so it takes the grains one after another, in the world's order.

const WIDTH = 200;
const MIDDLE = 100;
// Rows of cells, and the row of the neck.
const HEIGHT = 400;
const NECK = 200;

// What a run can be given: --set grains=4000. As many as there are cells above the neck at most.
class Settings {
  grains: i32 = 10000;
}

// What a cell holds.
const FREE = 0;
const WALL = 1;
const SAND = 2;

// Cells a step.
const FASTEST = 6;

class Glass {
  // Which way is down: -1, or 1 where the glass stands on its head.
  down: i32 = -1;
  turns: i32 = 0;
  // Grains that moved in the last step.
  moved: i32 = 0;
  cells = new Uint8Array(WIDTH * HEIGHT);
}

class Grain {
  x: i32;
  y: i32;
  // Cells that it fell in the last step.
  speed: i32 = 0;
}

function cell(x: i32, y: i32): i32 {
  return y * WIDTH + x;
}

// How far the wall is from the middle in a row of cells.
function reach(y: i32): i32 {
  return Math.min(16 + (Math.abs(y - NECK) >> 1) + (Math.abs(y - NECK) >> 3), MIDDLE - 2);
}

class Fill {
  start(glass: Glass, settings: Settings, world: World) {
    for (let y = 0; y < HEIGHT; y++) {
      for (let x = 0; x < WIDTH; x++) {
        const inside = Math.abs(x - MIDDLE) < reach(y) && y > 0 && y < HEIGHT - 1;
        glass.cells[cell(x, y)] = inside ? FREE : WALL;
      }
    }
    // From the neck upwards.
    let left = settings.grains;
    for (let y = NECK; y < HEIGHT; y++) {
      for (let x = 0; x < WIDTH; x++) {
        if (left > 0 && glass.cells[cell(x, y)] === FREE) {
          glass.cells[cell(x, y)] = SAND;
          world.spawn({ Grain: { x: x, y: y } });
          left--;
        }
      }
    }
  }
}

class Turn {
  update(glass: Glass, cx: Context) {
    if (glass.moved === 0 && cx.step > 0) {
      glass.down = -glass.down;
      glass.turns++;
    }
    glass.moved = 0;
  }
}

class Fall {
  update(entities: Entity[], grains: Grain[], glass: Glass, cx: Context) {
    for (let i = 0; i < grains.length; i++) {
      const grain = grains[i];
      const from = cell(grain.x, grain.y);
      let x = grain.x;
      let y = grain.y;
      let fell: i32 = 0;
      while (fell <= grain.speed && fell < FASTEST && glass.cells[cell(x, y + glass.down)] === FREE) {
        y += glass.down;
        fell++;
      }
      if (fell === 0) {
        // It lies on something: it slides down, to a side of its own choice first.
        const random = cx.random(entities[i], 0);
        let side: i32 = random.below(2) === 0 ? -1 : 1;
        for (let attempt = 0; attempt < 2; attempt++) {
          if (x === grain.x && glass.cells[cell(x + side, y)] === FREE && glass.cells[cell(x + side, y + glass.down)] === FREE) {
            x += side;
            y += glass.down;
          }
          side = -side;
        }
      }
      grain.speed = fell;
      const to = cell(x, y);
      if (to !== from) {
        glass.cells[from] = FREE;
        glass.cells[to] = SAND;
        grain.x = x;
        grain.y = y;
        glass.moved++;
      }
    }
  }
}
