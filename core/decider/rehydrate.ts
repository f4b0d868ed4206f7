import { evolve, initialStateOf, type DeciderDefinition } from "./decider.ts";
import { freezeDeep } from "../json/freeze.ts";
import { Pace } from "../concurrency/pace.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";

/** The state of an entity at a version; version 0: it has no events. */
export interface Folded {
  readonly state: unknown;
  readonly version: number;
  /** Of the last folded event; 0 and null if there is none. */
  readonly position: number;
  readonly time: string | null;
  readonly eventId: string | null;
}

/** A stored state at a version, so that earlier events need not be folded again. Always disposable. */
export interface StateSnapshot {
  /** The fingerprint of the decider that folded it. */
  definition: string;
  version: number;
  /** Of the event at that version. */
  position: number;
  time: string;
  eventId: string;
  state: unknown;
}

/** The place of a stored event. */
export type StoredPlace = Pick<RecordedEvent, "id" | "version" | "position" | "time">;

/** The last stored event of a page, if it is read as other events or dropped, so that no readable one has its place. */
export function unreadLast(stored: readonly StoredPlace[], readable: readonly RecordedEvent[]): { last?: StoredPlace } {
  const last = stored.at(-1);
  if (!last || readable.at(-1)?.id === last.id) return {};
  const { id, version, position, time } = last;
  return { last: { id, version, position, time } };
}

/** An entity that has no events. */
export const emptyEntity = (decider: DeciderDefinition): Folded => ({
  state: initialStateOf(decider),
  version: 0,
  position: 0,
  time: null,
  eventId: null,
});

/** The state after these events. Skips events that are folded already. */
export function fold(decider: DeciderDefinition, from: Folded, events: readonly RecordedEvent[]): Folded {
  let { state, version, position, time, eventId } = from;
  for (const event of events) {
    // Several events may share a version.
    if (event.version <= from.version) continue;
    state = evolve(decider, state, event);
    ({ version, position, time, id: eventId } = event);
  }
  return { state, version, position, time, eventId };
}

/** The same for many events, yielding to the event loop. Returns the state only at the end. `last`: see `unreadLast`. */
export async function foldInTurns(
  decider: DeciderDefinition,
  from: Folded,
  events: readonly RecordedEvent[],
  pace: Pace,
  last?: StoredPlace,
): Promise<Folded> {
  let { state, version, position, time, eventId } = from;
  for (const event of events) {
    if (event.version <= from.version) continue;
    state = evolve(decider, state, event);
    ({ version, position, time, id: eventId } = event);
    if (pace.isDue()) await pace.turn();
  }
  if (last && last.version >= version) ({ version, position, time, id: eventId } = last);
  return { state, version, position, time, eventId };
}

/**
 * Folds events on top of the snapshot if it is of this definition and newer than `known`; otherwise on top of `known`.
 */
export async function rehydrate(
  decider: DeciderDefinition,
  known: Folded | null,
  snapshot: StateSnapshot | null,
  events: readonly RecordedEvent[],
  pace = new Pace(),
  last?: StoredPlace,
): Promise<Folded> {
  const isOfUse = snapshot?.definition === decider.fingerprint && snapshot.version > (known?.version ?? 0);
  if (isOfUse && decider.isFreezing) freezeDeep(snapshot.state);
  return foldInTurns(decider, isOfUse ? snapshot : (known ?? emptyEntity(decider)), events, pace, last);
}
