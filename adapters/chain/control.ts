import { randomUUID } from "node:crypto";
import { DamagedStateError } from "../../core/damaged-state.ts";
import { UnusableStoreError } from "../../core/errors.ts";
import type { KeyedState, Lease, Versioned } from "../../core/event-log.ts";
import { Slots } from "../../core/slots.ts";
import type { CommitChain } from "./commit-chain.ts";
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
  readonly #chain: CommitChain;
  /** One host's changes would only overtake one another. */
  readonly #turns = new Slots(1);

  constructor(chain: CommitChain) {
    this.#chain = chain;
  }

  async get(key: string): Promise<Versioned | null> {
    const text = await this.#chain.cells.get(stateKey(key));
    if (text === null) return null;
    const { value, revision } = parseCell(key, text);
    return { value, revision };
  }

  async states({ prefix, after, limit }: { prefix: string; after?: string; limit: number }): Promise<KeyedState[]> {
    const range = { prefix: stateKey(prefix), limit, ...(after !== undefined && { after: stateKey(after) }) };
    const cells = await this.#chain.cells.list(range);
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
        this.#chain.cells.get(stateKey(key)).then((text) => (text === null ? null : { revision: revisionIn(text) })),
        lease && this.#read<LeaseCell>(leaseKey(lease.name)),
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
    const { cells, where } = this.#chain;
    const { maxBytes } = cells;
    const bytes = Buffer.byteLength(text);
    if (bytes > maxBytes)
      throw new UnusableStoreError(
        where,
        `the state ${key} has ${bytes} bytes, expected at most ${maxBytes}, the largest that the server takes at once; nothing was stored`,
      );
  }

  acquire(name: string, holder: string, ttlMs: number): Promise<Lease | null> {
    return this.#change(async (id): Promise<Decision<Lease | null>> => {
      const held = await this.#read<LeaseCell>(leaseKey(name));
      const now = Date.now();
      const isFree = !held || held.expires <= now;
      if (!isFree && held.holder !== holder) return { answer: null };
      const epoch = (held?.epoch ?? 0) + (isFree ? 1 : 0);
      const cell: LeaseCell = { id, holder, epoch, expires: now + ttlMs };
      return { answer: { name, holder, epoch }, put: { key: leaseKey(name), text: JSON.stringify(cell) } };
    });
  }

  async release(lease: Lease): Promise<void> {
    await this.#change(async (id): Promise<Decision<null>> => {
      const held = await this.#read<LeaseCell>(leaseKey(lease.name));
      if (!isHeld(held, lease)) return { answer: null };
      return { answer: null, put: { key: leaseKey(lease.name), text: JSON.stringify({ ...held, id, expires: 0 }) } };
    });
  }

  async #read<Cell>(key: string): Promise<Cell | null> {
    const text = await this.#chain.cells.get(key);
    return text === null ? null : (JSON.parse(text) as Cell);
  }

  /** `decide` reads what it needs: after the number was asked for, so that nothing of it can change unnoticed. */
  #change<Answer>(decide: (id: string) => Promise<Decision<Answer>>): Promise<Answer> {
    const { cells, where } = this.#chain;
    /** The change that was sent last. While no answer comes it may have happened, or happen yet: the same is sent again. */
    let sent: { key: string; text: string | null; last: number; answer: Answer } | null = null;
    return this.#turns.run(() =>
      withPatience(where, async () => {
        const last = await cells.last();
        // Another change has come: that one, or it never will.
        if (sent && last > sent.last && (await cells.get(sent.key)) === sent.text) return { answer: sent.answer };
        if (!sent || last > sent.last) {
          const { answer, put } = await decide(randomUUID());
          if (!put) return { answer };
          sent = { ...put, last, answer };
        }
        const { key, text, answer } = sent;
        return (await cells.put(key, text, sent.last)) === "added" ? { answer } : null;
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
