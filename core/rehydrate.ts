import { evolve, initialStateOf, type DeciderDefinition } from "./decider.ts";
import type { RecordedEvent } from "./recorded-event.ts";

/** The state of an entity after the event of this version; version 0: it has none. */
export interface Folded {
  readonly state: unknown;
  readonly version: number;
  /** The position of the last folded event, and its time; 0 and null where there is none. */
  readonly position: number;
  readonly time: string | null;
}

/** A state at a version, kept so that the events up to there need not be folded again. Always disposable. */
export interface StateSnapshot extends Folded {
  /** The fingerprint of the decider that folded it. */
  readonly definition: string;
}

/** The state of an entity that has no events. */
export const unborn = (decider: DeciderDefinition): Folded => ({
  state: initialStateOf(decider),
  version: 0,
  position: 0,
  time: null,
});

/** The state after these events, those that are folded already passed over. */
export function fold(decider: DeciderDefinition, from: Folded, events: readonly RecordedEvent[]): Folded {
  let { state, version, position, time } = from;
  for (const event of events) {
    if (event.version <= version) continue;
    state = evolve(decider, state, event);
    ({ version, position, time } = event);
  }
  return { state, version, position, time };
}

/** The state of an entity by its snapshot and its events. A snapshot of another definition counts as none. */
export function rehydrate(
  decider: DeciderDefinition,
  snapshot: StateSnapshot | null,
  events: readonly RecordedEvent[],
): Folded {
  const isOurs = snapshot?.definition === decider.fingerprint;
  return fold(decider, isOurs ? snapshot : unborn(decider), events);
}
