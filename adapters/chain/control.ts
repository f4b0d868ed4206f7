import { randomUUID } from "node:crypto";
import { DamagedStateError } from "../../core/damaged-state.ts";
import { UnusableStoreError } from "../../core/errors.ts";
import type { KeyedState, Lease, Versioned } from "../../core/event-log.ts";
import { Slots } from "../../core/slots.ts";
import type { CommitChain } from "./commit-chain.ts";
import { KnownCells } from "./known-cells.ts";
import { withPatience } from "../patience.ts";

/** What stands in a cell. The id is random: whoever lost the answer knows his change by it. */
interface StateCell extends Versioned {
  id: string;
}

interface LeaseCell {
  id: string;
  holder: string;
  epoch: number;
  /** By the clock of the host that renewed it. Clocks apart move a takeover, never let two write: the epoch is compared. */
  expires: number;
}

/** A change of one cell, or that there is none to be made. */
type Decision<Answer> = { answer: Answer; put?: { key: string; text: string | null } };

const stateKey = (key: string) => `state/${key}`;
const leaseKey = (name: string) => `lease/${name}`;

/**
 * Control state and leases in cells. Each change is decided on what was read after asking for the number of the last
 * one, and is refused by the engine if any other came in between: so a state is written only while its lease is held.
 */
export class Control {
  readonly #where: string;
  readonly #cells: KnownCells;
  /** The last that this host knows, by the lease's name. */
  readonly #epochs = new Map<string, number>();
  /** One host's changes would only overtake one another. */
  readonly #turns = new Slots(1);

  constructor(chain: CommitChain) {
    this.#where = chain.where;
    this.#cells = new KnownCells(chain.where, chain.cells);
  }

  /** The host starts again. */
  forget(): void {
    this.#cells.forget();
    this.#epochs.clear();
  }

  async #text(key: string): Promise<string | null> {
    return (await this.#cells.get(key))?.text ?? null;
  }

  async get(key: string): Promise<Versioned | null> {
    const text = await this.#text(stateKey(key));
    if (text === null) return null;
    const { value, revision } = parseCell(key, text);
    return { value, revision };
  }

  async states({ prefix, after, limit }: { prefix: string; after?: string; limit: number }): Promise<KeyedState[]> {
    const range = { prefix: stateKey(prefix), limit, ...(after !== undefined && { after: stateKey(after) }) };
    const cells = await this.#cells.list(range);
    return cells.map(({ key, text }) => {
      const name = key.slice(stateKey("").length);
      const { value, revision } = parseCell(name, text);
      return { key: name, value, revision };
    });
  }

  put(key: string, value: unknown, revision: number, lease?: Lease): Promise<number | null> {
    const json = JSON.stringify(value) as string | undefined;
    return this.#change(async (id): Promise<Decision<number | null>> => {
      const [kept, held] = await Promise.all([
        this.#text(stateKey(key)).then((text) => (text === null ? null : { revision: revisionIn(text) })),
        lease && this.#lease(lease.name),
      ]);
      if (lease && !isHeld(held, lease)) return { answer: null };
      if ((kept?.revision ?? 0) !== revision) return { answer: null };
      if (json === undefined) return { answer: 0, ...(kept && { put: { key: stateKey(key), text: null } }) };
      const text = `{"id":"${id}","revision":${revision + 1},"value":${json}}`;
      this.#refuseTooLarge(key, text);
      return { answer: revision + 1, put: { key: stateKey(key), text } };
    });
  }

  /** The engine would not take it, however often it is sent. */
  #refuseTooLarge(key: string, text: string): void {
    const { maxBytes } = this.#cells;
    const bytes = Buffer.byteLength(text);
    if (bytes > maxBytes)
      throw new UnusableStoreError(
        this.#where,
        `the state ${key} has ${bytes} bytes, expected at most ${maxBytes}, the largest that the server takes at once; nothing was stored`,
      );
  }

  async acquire(name: string, holder: string, ttlMs: number): Promise<Lease | null> {
    const lease = await this.#change(async (id, last): Promise<Decision<Lease | null>> => {
      const held = await this.#lease(name);
      const now = Date.now();
      const isFree = !held || held.expires <= now;
      if (!isFree && held.holder !== holder) return { answer: null };
      // Numbers of changes rise, even where a server has lost the lease: a count of holders would begin again then.
      const epoch = isFree ? Math.max(last, held?.epoch ?? 0) + 1 : held.epoch;
      const cell: LeaseCell = { id, holder, epoch, expires: now + ttlMs };
      return { answer: { name, holder, epoch }, put: { key: leaseKey(name), text: JSON.stringify(cell) } };
    });
    if (lease) this.#epochs.set(name, lease.epoch);
    return lease;
  }

  async release(lease: Lease): Promise<void> {
    await this.#change(async (id): Promise<Decision<null>> => {
      const held = await this.#lease(lease.name);
      if (!isHeld(held, lease)) return { answer: null };
      return { answer: null, put: { key: leaseKey(lease.name), text: JSON.stringify({ ...held, id, expires: 0 }) } };
    });
  }

  /** @throws UnusableStoreError where the epoch has fallen: a host of an earlier version took a lease that was lost as a free one */
  async #lease(name: string): Promise<LeaseCell | null> {
    const text = await this.#text(leaseKey(name));
    const held = text === null ? null : (JSON.parse(text) as LeaseCell);
    const known = this.#epochs.get(name) ?? 0;
    const epoch = held?.epoch ?? 0;
    if (epoch < known)
      throw new UnusableStoreError(
        this.#where,
        `lease ${name}: found epoch ${epoch}, expected ${known} or a later one: the server has lost acknowledged control state; stop every host, and start them again with one version`,
      );
    this.#epochs.set(name, epoch);
    return held;
  }

  /** `decide` reads what it needs: after the number was asked for, so that nothing of it can change unnoticed. */
  #change<Answer>(decide: (id: string, last: number) => Promise<Decision<Answer>>): Promise<Answer> {
    /** The change that was sent last. While no answer comes it may have happened, or happen yet: the same is sent again. */
    let sent: { key: string; text: string | null; last: number; answer: Answer } | null = null;
    return this.#turns.run(() =>
      withPatience(this.#where, async () => {
        const last = await this.#cells.last();
        // Another change has come: that one, or it never will.
        if (sent && last > sent.last && (await this.#text(sent.key)) === sent.text) return { answer: sent.answer };
        if (!sent || last > sent.last) {
          const { answer, put } = await decide(randomUUID(), last);
          if (!put) return { answer };
          sent = { ...put, last, answer };
        }
        const { key, text, answer } = sent;
        return (await this.#cells.put(key, text, sent.last)) === "added" ? { answer } : null;
      }),
    );
  }
}

/** @throws DamagedStateError */
function parseCell(key: string, text: string): StateCell {
  try {
    return JSON.parse(text) as StateCell;
  } catch {
    throw new DamagedStateError(key, revisionIn(text));
  }
}

/** By its beginning, which `put` writes: a damaged cell can be replaced too. 0 if the beginning is damaged. */
const revisionIn = (text: string) => Number(/^\{"id":"[^"]*","revision":(\d+),/.exec(text)?.[1] ?? 0);

function isHeld(cell: LeaseCell | null | undefined, { holder, epoch }: Lease): cell is LeaseCell {
  return !!cell && cell.holder === holder && cell.epoch === epoch && cell.expires > Date.now();
}
