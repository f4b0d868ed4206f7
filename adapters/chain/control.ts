import { randomUUID } from "node:crypto";
import { DamagedStateError } from "../../core/damaged-state.ts";
import { UnusableStoreError } from "../../core/errors.ts";
import type { KeyedState, Lease, LeaseAnswer, Versioned } from "../../core/event-log.ts";
import { grantLease, isHeldBy, type LeaseRequest, type StoredLease } from "../../core/grant-lease.ts";
import { Slots } from "../../core/slots.ts";
import type { CommitChain } from "./commit-chain.ts";
import { withPatience } from "../patience.ts";

/** What stands in a cell. The id is random: whoever lost the answer knows his change by it. */
interface StateCell extends Versioned {
  id: string;
}

/** A change of one cell, or that there is none to be made. */
type Decision<Answer> = { answer: Answer; put?: { key: string; text: string | null } };

interface NumberedLease {
  lease: StoredLease;
  number: number;
}

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
  /** Leases as this host has renewed them last: each is renewed by one message, while no other host has taken it. */
  readonly #renewed = new Map<string, NumberedLease>();

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
        lease && this.#lease(lease.name),
      ]);
      if (lease && !isHeldBy(held?.lease, lease)) return { answer: null };
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

  /** A lost answer of a change is found by its holder: it is a renewal then. */
  acquire(request: LeaseRequest): Promise<LeaseAnswer> {
    const { name, holder, ttlMs } = request;
    return this.#inTurn<LeaseAnswer>(async () => {
      const renewed = this.#renewed.get(name);
      const found = renewed?.lease.holder === holder ? renewed : await this.#lease(name);
      const answer = grantLease(request, found?.lease ?? null);
      if (!answer.lease) return { answer };
      const lease = { holder, epoch: answer.lease.epoch, mark: randomUUID(), ttlMs };
      return (await this.#replace(name, lease, found)) ? { answer } : null;
    });
  }

  async release(lease: Lease): Promise<void> {
    await this.#inTurn(async () => {
      const found = await this.#lease(lease.name);
      if (!found || !isHeldBy(found.lease, lease)) return { answer: null };
      return (await this.#replace(lease.name, { ...found.lease, holder: "" }, found)) ? { answer: null } : null;
    });
  }

  #inTurn<Answer>(attempt: () => Promise<{ answer: Answer } | null>): Promise<Answer> {
    return this.#turns.run(() => withPatience(this.#chain.where, attempt));
  }

  async #lease(name: string): Promise<NumberedLease | null> {
    const cell = await this.#chain.cells.read(leaseKey(name));
    return cell && { lease: JSON.parse(cell.text) as StoredLease, number: cell.number };
  }

  /** Whether no other host was first. */
  async #replace(name: string, lease: StoredLease, found: NumberedLease | null): Promise<boolean> {
    this.#renewed.delete(name);
    const number = await this.#chain.cells.replace(leaseKey(name), JSON.stringify(lease), found?.number ?? 0);
    if (number !== null) this.#renewed.set(name, { lease, number });
    return number !== null;
  }

  /** `decide` reads what it needs: after the number was asked for, so that nothing of it can change unnoticed. */
  #change<Answer>(decide: (id: string) => Promise<Decision<Answer>>): Promise<Answer> {
    const { cells } = this.#chain;
    /** The change that was sent last. While no answer comes it may have happened, or happen yet: the same is sent again. */
    let sent: { key: string; text: string | null; last: number; answer: Answer } | null = null;
    return this.#inTurn(async () => {
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
    });
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
