import { StoreUnavailableError } from "../../core/errors/errors.ts";
import { readFormat, withFormat } from "../../core/log/stored-format.ts";
import { freezeDeep } from "../../core/json/freeze.ts";
import type { ParkedProcess, StoredProcess } from "../../core/process/stored-process.ts";
import type { Checkpoint } from "../consumer/checkpoint.ts";
import type { EventSource } from "../consumer/event-source.ts";
import type { LeaseHold } from "../consumer/lease-hold.ts";

interface Dependencies {
  name: string;
  source: Pick<EventSource, "state" | "states" | "saveState">;
  lease: Pick<LeaseHold, "lease">;
  checkpoint: Pick<Checkpoint, "forget">;
  /** Called for each process when it is loaded or saved, with null if there is none (any more). */
  tell: (id: string, process: StoredProcess | null) => void;
}

interface Kept {
  process: StoredProcess | null;
  revision: number;
  hasEnded: boolean;
}

/** The limit of the cache; other processes are read again at their next event. */
const maxCached = 1000;

const live = (id: string) => `process/${id}`;
const ended = (id: string) => `ended/${id}`;
const lost = (eventId: string) => `lost/${eventId}`;

/** The processes of a manager, stored in the store's engine under its lease. Calls for one process must not overlap. */
export class Processes {
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
    const { source, name } = this.#d;
    const [stored, end] = await Promise.all([source.state(live(id)), source.state(ended(id))]);
    const process =
      stored && !end ? freezeDeep(readFormat<StoredProcess>(`${name} process ${id}`, "process", stored.value)) : null;
    // The process has ended, but its node died after that was stored and before the process was removed.
    if (stored && end) await this.#put(live(id), null, stored.revision);
    this.#d.tell(id, process);
    return this.#keep(id, { process, revision: process ? stored!.revision : 0, hasEnded: end !== null });
  }

  async save(id: string, process: StoredProcess): Promise<void> {
    const { revision: before } = await this.load(id);
    // Until the answer arrives, it is unknown whether the process is stored.
    this.#cache.delete(id);
    const revision = await this.#put(live(id), process, before);
    this.#keep(id, { process: freezeDeep(process), revision, hasEnded: false });
    this.#d.tell(id, process);
  }

  /** The end is stored first. After a crash between the two writes, a repeated event finds the process ended. */
  async end(id: string, position: number): Promise<void> {
    const { process, revision } = await this.load(id);
    this.#cache.delete(id);
    await this.#put(ended(id), { position }, 0);
    if (process) await this.#put(live(id), null, revision);
    this.#keep(id, { process: null, revision: 0, hasEnded: true });
    this.#d.tell(id, null);
  }

  /** Stores a parked event that correlates with no process; null removes it. */
  async saveLost(eventId: string, parked: ParkedProcess | null): Promise<void> {
    const before = await this.#d.source.state(lost(eventId));
    if (before || parked) await this.#put(lost(eventId), parked, before?.revision ?? 0);
  }

  /** All stored processes, page by page. */
  async *all(): AsyncGenerator<[id: string, StoredProcess]> {
    for await (const [of, process] of this.#list<StoredProcess>(live(""))) yield [of.slice(live("").length), process];
  }

  async *allLost(): AsyncGenerator<ParkedProcess> {
    for await (const [, parked] of this.#list<ParkedProcess>(lost(""))) yield parked;
  }

  async *#list<Stored extends object>(prefix: string): AsyncGenerator<[of: string, Stored]> {
    let after: string | undefined;
    for (;;) {
      const page = await this.#d.source.states(prefix, after, 1000);
      if (page.length === 0) return;
      for (const { of, value } of page) yield [of, readFormat<Stored>(`${this.#d.name} ${of}`, "process", value)];
      after = page.at(-1)!.of;
      // A list of hundreds of thousands takes longer than the lease lasts, so the loop yields to let it be renewed.
      await new Promise((turn) => setImmediate(turn));
    }
  }

  #keep(id: string, kept: Kept): Kept {
    this.#cache.set(id, kept);
    if (this.#cache.size > maxCached) this.#cache.delete(this.#cache.keys().next().value!);
    return kept;
  }

  /** @throws StoreUnavailableError if another holder has written, and everything has to be loaded again */
  async #put(of: string, value: object | null, revision: number): Promise<number> {
    const { source, lease, checkpoint, name } = this.#d;
    const saved =
      lease.lease && (await source.saveState(value && withFormat("process", value), revision, lease.lease, of));
    if (saved !== null) return saved;
    checkpoint.forget();
    throw new StoreUnavailableError(name, "found its lease lost, or an answer of the store; all is loaded again");
  }
}
