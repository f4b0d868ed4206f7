import type { Context } from "moleculer";
import { callInner } from "../service/between-nodes.ts";
import type { DeciderDefinition } from "../../core/decider/decider.ts";
import { upcastInTurns } from "../../core/catalogue/upcast-page.ts";
import { withNewNames, type HandledTypes } from "../../core/catalogue/new-names.ts";
import { assertKnown } from "../../core/catalogue/newer-event.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import { Pace } from "../../core/concurrency/pace.ts";
import {
  foldInTurns,
  rehydrate,
  emptyEntity,
  unreadLast,
  type Folded,
  type StoredPlace,
} from "../../core/decider/rehydrate.ts";
import type { LoadedStream } from "../event-store/host/state-snapshots.ts";

/** An entity's state as this node knows it. */
export interface Entity extends Folded {
  /** The version of its latest known state snapshot; 0 if none is known. */
  readonly snapshotVersion: number;
}

const maxCached = 1000;

/** A store on this node returns pages without yielding to the event loop, and `evolve` may be slow. */
const newPace = () => new Pace();

/** Loads the states of a decider's entities from the store, and caches the recently used ones. */
export class Entities {
  readonly #decider: DeciderDefinition;
  readonly #store: string;
  readonly #handled: HandledTypes;
  /** Least recently used first. */
  readonly #cached = new Map<string, Entity>();

  constructor(decider: DeciderDefinition, store: string) {
    this.#decider = decider;
    this.#store = store;
    const { evolve } = decider;
    this.#handled = { isWanted: (type) => evolve.has(type), exact: new Set(evolve.keys()) };
  }

  /** The cached state, which may be stale: the append checks the stream's version. */
  cached(stream: string): Entity | undefined {
    const entity = this.#cached.get(stream);
    if (entity) this.keep(stream, entity);
    return entity;
  }

  keep(stream: string, entity: Entity): Entity {
    const known = this.#cached.get(stream);
    // A load may end after a later command has cached a newer state.
    if (known && known.version > entity.version) return entity;
    this.#cached.delete(stream);
    this.#cached.set(stream, entity);
    if (this.#cached.size > maxCached) this.#cached.delete(this.#cached.keys().next().value!);
    return entity;
  }

  drop(stream: string): void {
    this.#cached.delete(stream);
  }

  dropAll(): void {
    this.#cached.clear();
  }

  /** An entity without events and without a state snapshot. */
  empty(): Entity {
    return { ...emptyEntity(this.#decider), snapshotVersion: 0 };
  }

  /** Loads the current state. Folds only the events after `known`, or after the state snapshot if `known` is null. */
  async load(ctx: Context, stream: string, known: Entity | null): Promise<Entity> {
    return this.keep(stream, await this.#read(ctx, stream, known));
  }

  async #read(ctx: Context, stream: string, known: Entity | null): Promise<Entity> {
    const { name, snapshotEvery } = this.#decider;
    let entity = known;
    const pace = newPace();
    for (;;) {
      const key = entity === null && snapshotEvery !== null ? `${name}/${stream}` : null;
      const { snapshot, events, last, end }: LoadedStream = await this.#page(ctx, stream, entity?.version ?? 0, key);
      const snapshotVersion: number = snapshot?.version ?? entity?.snapshotVersion ?? 0;
      entity = { ...(await rehydrate(this.#decider, entity, snapshot, events, pace, last)), snapshotVersion };
      if (end) return entity;
      if (pace.isDue()) await pace.turn();
    }
  }

  /** With a catalogue, the events are upcast here: the store's host may run another release. @throws NewerEventError */
  async #page(ctx: Context, stream: string, afterVersion: number, snapshot: string | null): Promise<LoadedStream> {
    const { fingerprint: definition, catalogue } = this.#decider;
    const isRaw = catalogue.entries.size > 0;
    const params = { stream, afterVersion, snapshot, definition, ...(isRaw && { raw: true }) };
    const loaded = await callInner<LoadedStream>(ctx, this.#store, "loadStream", params);
    const known = loaded.formerNames ? withNewNames(catalogue, loaded.formerNames, this.#handled) : catalogue;
    for (const event of loaded.events) assertKnown(known, event);
    if (!isRaw) return loaded;
    const events = await upcastInTurns(catalogue, loaded.events);
    return { ...loaded, events, ...unreadLast(loaded.events, events) };
  }

  async eventsAfter(ctx: Context, stream: string, version: number): Promise<RecordedEvent[]> {
    const found: RecordedEvent[] = [];
    const pace = newPace();
    for (let after = version; ;) {
      const { events, last, end } = await this.#page(ctx, stream, after, null);
      found.push(...events);
      if (end) return found;
      after = (last ?? events.at(-1)!).version;
      if (pace.isDue()) await pace.turn();
    }
  }

  /** Folds the entity from its first event up to the first for which `isWanted` is false. Does not cache the state. */
  async past(ctx: Context, stream: string, isWanted: (event: StoredPlace) => boolean): Promise<Folded> {
    let entity: Folded = emptyEntity(this.#decider);
    const pace = newPace();
    for (;;) {
      const { events, last, end } = await this.#page(ctx, stream, entity.version, null);
      const wanted = events.findIndex((event) => !isWanted(event));
      if (wanted < 0 && (!last || isWanted(last)))
        entity = await foldInTurns(this.#decider, entity, events, pace, last);
      else entity = await foldInTurns(this.#decider, entity, wanted < 0 ? events : events.slice(0, wanted), pace);
      if (end || wanted >= 0) return entity;
      if (pace.isDue()) await pace.turn();
    }
  }
}
