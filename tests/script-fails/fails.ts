// A script that fails at the entity and in the step of one's choice.

class Settings {
  entity: i32 = 7;
  step: i32 = 3;
}

class Place {
  number: i32 = 0;
}

class Fill {
  start(world: World) {
    for (let i = 0; i < 100; i++) {
      world.spawn({ Place: { number: i } });
    }
  }
}

class Reach {
  update(places: Place[], settings: Settings, cx: Context) {
    for (let i = 0; i < places.length; i++) {
      const far: i32 = places[i].number === settings.entity && cx.step === u64(settings.step) ? 1000 : 0;
      places[i].number = places[i + far].number;
    }
  }
}
