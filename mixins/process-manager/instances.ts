import { StoreUnavailableError } from "../../core/errors/errors.ts";
import type { Versioned } from "../../core/log/control.ts";
import { freezeDeep } from "../../core/json/freeze.ts";
import type { ParkedProcess, ProcessInstance } from "../../core/process/instance.ts";
import type { Checkpoint } from "../consumer/checkpoint.ts";
import type { EventSource } from "../consumer/event-source.ts";
import type { LeaseHold } from "../consumer/lease-hold.ts";

interface Dependencies {
  name: string;
  source: Pick<EventSource, "state" | "states" | "saveState">;
  lease: Pick<LeaseHold, "lease">;
  checkpoint: Pick<Checkpoint, "forget">;
  /** Is told of each as it is kept: when it is found, changed, or (null) gone. */
  tell: (id: string, instance: ProcessInstance | null) => void;
}

interface Kept {
  instance: ProcessInstance | null;
  revision: number;
  hasEnded: boolean;
}

/** So many are kept in memory; others are read again when their next event comes. */
const maxCached = 1000;

const live = (id: string) => `instance/${id}`;
const ended = (id: string) => `ended/${id}`;
const lost = (eventId: string) => `lost/${eventId}`;

/** The processes of a manager as they are kept in the store's engine, under its lease. One at a time asks for one of them. */
export class Instances {
  readonly #d: Dependencies;
  /** The least recently used first. */
  readonly #cache = new Map<string, Kept>();

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
  }

  /** Another node may have changed them. */
  forget(): void {
    this.#cache.clear();
  }

  async load(id: string): Promise<Readonly<Kept>> {
    const cached = this.#cache.get(id);
    if (cached) {
      this.#cache.delete(id);
      this.#cache.set(id, cached);
      return cached;
    }
    const { source } = this.#d;
    const [stored, end] = await Promise.all([source.state(live(id)), source.state(ended(id))]);
    const instance = stored && !end ? freezeDeep(stored.value as ProcessInstance) : null;
    // It ended, and the process that wrote so died before this was removed.
    if (stored && end) await this.#put(live(id), null, stored.revision);
    this.#d.tell(id, instance);
    return this.#keep(id, { instance, revision: instance ? stored!.revision : 0, hasEnded: end !== null });
  }

  async save(id: string, instance: ProcessInstance): Promise<void> {
    const { revision: before } = await this.load(id);
    // Whether it is stored is unknown until the answer is there.
    this.#cache.delete(id);
    const revision = await this.#put(live(id), instance, before);
    this.#keep(id, { instance: freezeDeep(instance), revision, hasEnded: false });
    this.#d.tell(id, instance);
  }

  /** That it has ended is written first: after a crash between the two, whatever ended it finds that it has. */
  async end(id: string, position: number): Promise<void> {
    const { instance, revision } = await this.load(id);
    this.#cache.delete(id);
    await this.#put(ended(id), { position }, 0);
    if (instance) await this.#put(live(id), null, revision);
    this.#keep(id, { instance: null, revision: 0, hasEnded: true });
    this.#d.tell(id, null);
  }

  /** An event that belongs to no process that is known; null: it does not count as one any more. */
  async saveLost(eventId: string, parked: ParkedProcess | null): Promise<void> {
    const before = await this.#d.source.state(lost(eventId));
    if (before || parked) await this.#put(lost(eventId), parked, before?.revision ?? 0);
  }

  /** All that are kept, page by page. */
  async *all(): AsyncGenerator<[id: string, ProcessInstance]> {
    for await (const { of, value } of this.#list(live(""))) yield [of.slice(live("").length), value as ProcessInstance];
  }

  async *allLost(): AsyncGenerator<ParkedProcess> {
    for await (const { value } of this.#list(lost(""))) yield value as ParkedProcess;
  }

  async *#list(prefix: string): AsyncGenerator<Versioned & { of: string }> {
    let after: string | undefined;
    for (;;) {
      const page = await this.#d.source.states(prefix, after, 1000);
      if (page.length === 0) return;
      yield* page;
      after = page.at(-1)!.of;
      // Of hundreds of thousands, the list takes longer than the lease lives: it has to be renewed meanwhile.
      await new Promise((turn) => setImmediate(turn));
    }
  }

  #keep(id: string, kept: Kept): Kept {
    this.#cache.set(id, kept);
    if (this.#cache.size > maxCached) this.#cache.delete(this.#cache.keys().next().value!);
    return kept;
  }

  /** @throws StoreUnavailableError where another holder has written: all is loaded anew */
  async #put(of: string, value: object | null, revision: number): Promise<number> {
    const { source, lease, checkpoint, name } = this.#d;
    const saved = lease.lease && (await source.saveState(value, revision, lease.lease, of));
    if (saved !== null) return saved;
    checkpoint.forget();
    throw new StoreUnavailableError(name, "found its lease lost, or an answer of the store; all is loaded anew");
  }
}
