import type { Context } from "moleculer";
import type { DeciderDefinition } from "../../core/decider/decider.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import { Pace } from "../../core/concurrency/pace.ts";
import { foldInTurns, rehydrate, emptyEntity, type Folded } from "../../core/decider/rehydrate.ts";
import type { LoadedStream } from "../event-store/host/state-snapshots.ts";

/** What is known of an entity. */
export interface Entity extends Folded {
  /** The version of its snapshot, as far as is known here. */
  readonly snapshotVersion: number;
}

const maxHot = 1000;

/** A store on this node answers its pages without ever leaving the thread, and `evolve` may take long for one event. */
const newPace = () => new Pace();

/** The states of a decider's entities: loaded from the store, and kept while they are hot. */
export class Entities {
  readonly #decider: DeciderDefinition;
  readonly #store: string;
  /** The longest unused first. */
  readonly #hot = new Map<string, Entity>();

  constructor(decider: DeciderDefinition, store: string) {
    this.#decider = decider;
    this.#store = store;
  }

  /** As it was when somebody last looked; to be checked against the stream's version. */
  cached(stream: string): Entity | undefined {
    const entity = this.#hot.get(stream);
    if (entity) this.keep(stream, entity);
    return entity;
  }

  keep(stream: string, entity: Entity): Entity {
    const known = this.#hot.get(stream);
    // A look at it may end after a command that came later.
    if (known && known.version > entity.version) return entity;
    this.#hot.delete(stream);
    this.#hot.set(stream, entity);
    if (this.#hot.size > maxHot) this.#hot.delete(this.#hot.keys().next().value!);
    return entity;
  }

  drop(stream: string): void {
    this.#hot.delete(stream);
  }

  dropAll(): void {
    this.#hot.clear();
  }

  /** What nothing is known of, not by a snapshot either. */
  empty(): Entity {
    return { ...emptyEntity(this.#decider), snapshotVersion: 0 };
  }

  /** The entity as it is now. What is known of it saves folding that again; null: its snapshot may. */
  async load(ctx: Context, stream: string, known: Entity | null): Promise<Entity> {
    return this.keep(stream, await this.#read(ctx, stream, known));
  }

  async #read(ctx: Context, stream: string, known: Entity | null): Promise<Entity> {
    const { name, snapshotEvery } = this.#decider;
    let entity = known;
    const pace = newPace();
    for (;;) {
      const key = entity === null && snapshotEvery !== null ? `${name}/${stream}` : null;
      const { snapshot, events, end } = await this.#page(ctx, stream, entity?.version ?? 0, key);
      const snapshotVersion: number = snapshot?.version ?? entity?.snapshotVersion ?? 0;
      entity = { ...(await rehydrate(this.#decider, entity, snapshot, events, pace)), snapshotVersion };
      if (end) return entity;
      if (pace.isDue()) await pace.turn();
    }
  }

  #page(ctx: Context, stream: string, afterVersion: number, snapshot: string | null): Promise<LoadedStream> {
    const definition = this.#decider.fingerprint;
    return ctx.call(`${this.#store}.loadStream`, { stream, afterVersion, snapshot, definition });
  }

  async eventsAfter(ctx: Context, stream: string, version: number): Promise<RecordedEvent[]> {
    const found: RecordedEvent[] = [];
    const pace = newPace();
    for (;;) {
      const { events, end } = await this.#page(ctx, stream, found.at(-1)?.version ?? version, null);
      found.push(...events);
      if (end) return found;
      if (pace.isDue()) await pace.turn();
    }
  }

  /** The entity from its first event on, as far as `isWanted` says yes. Nothing of it is kept. */
  async past(ctx: Context, stream: string, isWanted: (event: RecordedEvent) => boolean): Promise<Folded> {
    let entity: Folded = emptyEntity(this.#decider);
    const pace = newPace();
    for (;;) {
      const { events, end } = await this.#page(ctx, stream, entity.version, null);
      const wanted = events.findIndex((event) => !isWanted(event));
      entity = await foldInTurns(this.#decider, entity, wanted < 0 ? events : events.slice(0, wanted), pace);
      if (end || wanted >= 0) return entity;
      if (pace.isDue()) await pace.turn();
    }
  }
}
