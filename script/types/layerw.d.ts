// What scripts of Layer-W know beside their own classes and functions, for editors: `"types"` of a tsconfig.json, or `/// <reference path="…/layerw.d.ts" />`.
// The language itself is described in docs/scripts.md; its compiler knows these names without this file.

/** A float of 32 bits, as `number` is; each operation is rounded to it. */
type f32 = number;
/** A float of 64 bits. */
type f64 = number;
/** A whole number of 32 bits with sign; it wraps. */
type i32 = number;
/** A whole number of 32 bits without sign; it wraps. */
type u32 = number;
/** A whole number of 64 bits with sign; it wraps. */
type i64 = number;
/** A whole number of 64 bits without sign; it wraps. */
type u64 = number;

/** As a float of 32 bits. */
declare function f32(value: number | boolean): f32;
/** As a float of 64 bits. */
declare function f64(value: number | boolean): f64;
/** Towards 0, the nearest there is if out of range, 0 if NaN. */
declare function i32(value: number | boolean): i32;
/** Towards 0, the nearest there is if out of range, 0 if NaN. */
declare function u32(value: number | boolean): u32;
/** Towards 0, the nearest there is if out of range, 0 if NaN. */
declare function i64(value: number | boolean): i64;
/** Towards 0, the nearest there is if out of range, 0 if NaN; of an entity its bits. */
declare function u64(value: number | boolean | Entity): u64;

/** Two floats. */
declare class Vec2 {
  constructor(x: number, y: number);
  x: number;
  y: number;
}

/** Three floats. */
declare class Vec3 {
  constructor(x: number, y: number, z: number);
  x: number;
  y: number;
  z: number;
}

/** Four floats. */
declare class Vec4 {
  constructor(x: number, y: number, z: number, w: number);
  x: number;
  y: number;
  z: number;
  w: number;
}

/** The name of an entity: compared and passed on, and nothing else. `entities: Entity[]` are the rows' own. */
declare class Entity {
  private readonly bits: u64;
}

/** The step. */
declare class Context {
  /** Simulated seconds of the step. */
  readonly dt: f32;
  /** Simulated seconds of the step. */
  readonly dt64: f64;
  /** How many steps were done before this one. */
  readonly step: u64;
  /** The seed of the run. */
  readonly seed: u64;
  /** Random numbers of this seed, step and stream. Systems that want numbers of their own use different streams. */
  random(stream: number): Random;
  /** Random numbers of this seed, step, entity (or whole number) and stream. */
  random(entity: Entity | number, stream: number): Random;
}

/** Random numbers in order; the same on every host. Give it a name by `const`. */
declare class Random {
  /** From 0 to below 1. */
  unit(): f32;
  /** From 0 to below 1. */
  unit64(): f64;
  /** From `low` to below `high`. */
  range(low: number, high: number): f32;
  /** From 0 to below `bound`. */
  below(bound: number): u32;
  /** 64 bits. */
  bits(): u64;
}

/** The events of the step before, in the order in which they were sent. */
type Events<T> = readonly T[];

/** What commands are given to. They are recorded, and done when no system runs: at the end of the step, or between two of the program's systems. */
declare class World {
  /** A new entity. A key names a component: a class by its name, a vector or number by the name of a column of it. Fields with initial values may be left out. */
  spawn(components: { [component: string]: unknown }): void;
  /** An entity goes, with its components. */
  despawn(entity: Entity): void;
  /** Gives components to an entity, over those that it has. */
  insert(entity: Entity, components: { [component: string]: unknown }): void;
  /** Takes components from an entity. */
  remove(entity: Entity, ...components: (string | (new () => unknown))[]): void;
  /** Sends an event, which is read in the next step. */
  send<T>(event: new () => T, value: Partial<T>): void;
}
