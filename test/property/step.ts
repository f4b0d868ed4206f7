import * as fc from "fast-check";
import type { CrashPoint } from "moleculer-event-sourcing/testing";
import type { Loss } from "./places.ts";
import type { Consumer, Table } from "./things.ts";

/** One step of a history, as plain data; `which` is taken modulo the number of candidates. */
export type Step =
  | { append: { stream: number; type: string; n: number; fails: number | null; ends: boolean }[] }
  | { sendAgain: number[] }
  | { repair: number }
  | { retry: Consumer; which: number | null }
  | { skip: Consumer; which: number }
  | { pause: Consumer }
  | { resume: Consumer }
  | { catchUp: true }
  | { restart: true }
  | { snapshot: Table }
  | { restore: Table; which: number; replay: boolean }
  | { rebuild: Table }
  | LossStep
  | CrashStep;

/** A table is deleted between two starts. */
export interface LossStep {
  lose: Table;
  what: Loss;
}

export interface CrashStep {
  crash: CrashPoint;
  after: number;
}

const consumer = fc.constantFrom<Consumer>("rows", "entries", "watch");
const which = fc.nat(20);
const record = <Fields>(fields: { [Name in keyof Fields]: fc.Arbitrary<Fields[Name]> }): fc.Arbitrary<Fields> =>
  fc.record(fields, { noNullPrototype: true });

const event = record({
  stream: fc.nat(3),
  type: fc.constantFrom("thing.changed", "thing.created", "thing.changed", "thing.removed"),
  n: fc.integer({ min: 1, max: 9 }),
  fails: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, fc.constantFrom(1, 2, 3, null)),
  ends: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.constant(true)),
});

const ordinary: fc.WeightedArbitrary<Step>[] = [
  { weight: 8, arbitrary: record({ append: fc.array(event, { minLength: 1, maxLength: 8 }) }) },
  { weight: 2, arbitrary: record({ sendAgain: fc.array(which, { minLength: 1, maxLength: 3 }) }) },
  { weight: 2, arbitrary: record({ repair: which }) },
  { weight: 2, arbitrary: record({ retry: consumer, which: fc.option(which, { nil: null }) }) },
  { weight: 2, arbitrary: record({ skip: consumer, which }) },
  { weight: 1, arbitrary: record({ pause: consumer }) },
  { weight: 1, arbitrary: record({ resume: consumer }) },
  { weight: 3, arbitrary: fc.constant({ catchUp: true }) },
  { weight: 1, arbitrary: fc.constant({ restart: true }) },
];

const crashAt = (most: number, ...points: CrashPoint[]) =>
  record({ crash: fc.constantFrom(...points), after: fc.integer({ min: 1, max: most }) });

const crash = crashAt(6, "appended", "handed to the broker", "transformed", "rows written", "checkpoint written");
const crashOfTravel = crashAt(2, "built", "switched", "backed up");

const table = fc.constantFrom<Table>("rows", "entries");

const travels: fc.WeightedArbitrary<Step>[] = [
  { weight: 5, arbitrary: record({ snapshot: table }) },
  { weight: 5, arbitrary: record({ restore: table, which, replay: fc.boolean() }) },
  { weight: 3, arbitrary: record({ rebuild: table }) },
  { weight: 2, arbitrary: record({ lose: table, what: fc.constantFrom<Loss>("all", "rows", "host") }) },
];

const few = { minLength: 1, maxLength: 16 };

/** Histories of a process that is stopped, never killed. */
export const peacefulSteps = fc.array(fc.oneof(...ordinary), few);

/** Histories of a process that is killed again and again. */
export const deadlySteps = fc.array(fc.oneof(...ordinary, { weight: 6, arbitrary: crash }), few);

/** Histories whose tables are restored, rebuilt and lost. */
export const travellingSteps = fc.array(fc.oneof(...ordinary, ...travels), few);

/** The same for a process that is killed again and again, also in the middle of work. */
export const deadlyTravellingSteps = fc.array(
  fc.oneof(...ordinary, ...travels, { weight: 4, arbitrary: crash }, { weight: 5, arbitrary: crashOfTravel }),
  few,
);
