import { randomUUID } from "node:crypto";
import { DamagedStateError } from "../../../core/log/damaged-state.ts";
import { UnusableStoreError } from "../../../core/errors/errors.ts";
import type { KeyedState, KeyRange, Lease, LeaseAnswer, LogControl, Versioned } from "../../../core/log/control.ts";
import { grantLease, isHeldBy, type StoredLease } from "../../../core/log/grant-lease.ts";
import { assertFormat, formats, readFormat, withFormat } from "../../../core/log/stored-format.ts";
import { Semaphore } from "../../../core/concurrency/semaphore.ts";
import type { CommitChain } from "./commit-chain.ts";
import { CheckedKeyValues } from "./checked-key-values.ts";
import { retry } from "../retry.ts";

/** The JSON text of a key. By the random id a host recognises its own change if the response was lost. */
interface StoredState extends Versioned {
  id: string;
}

/** A lease, and the number of its key's last change: null and 0 if it never existed. */
interface NumberedLease {
  lease: StoredLease | null;
  number: number;
}

/** The result of a call and the change that it needs, if any. */
type Decision<Answer> = { answer: Answer; put?: { key: string; text: string | null } };

const stateKey = (key: string) => `state/${key}`;
const leaseKey = (name: string) => `lease/${name}`;

/**
 * Control state and leases under keys. The number of the last change is read first, then the keys that a change depends
 * on. The engine refuses the change if another came in between, so a state is written only while its lease is held.
 */
export class Control implements LogControl {
  readonly #location: string;
  readonly #keyValues: CheckedKeyValues;
  /** By the lease's name, the last epoch that this host has seen. */
  readonly #epochs = new Map<string, number>();
  /** One change at a time: concurrent ones of a host would only overtake one another. */
  readonly #mutex = new Semaphore(1);
  /**
   * Leases as of this host's last renewal. With it a renewal is one message, unless another host has taken the lease.
   */
  readonly #renewed = new Map<string, NumberedLease>();

  constructor(chain: CommitChain) {
    this.#location = chain.location;
    this.#keyValues = new CheckedKeyValues(chain.location, chain.keyValues);
  }

  /** For a start: the server's state is accepted as it is. */
  forget(): void {
    this.#keyValues.forget();
    this.#epochs.clear();
    this.#renewed.clear();
  }

  async #text(key: string): Promise<string | null> {
    return (await this.#keyValues.get(key))?.text ?? null;
  }

  async get(key: string): Promise<Versioned | null> {
    const text = await this.#text(stateKey(key));
    if (text === null) return null;
    const { value, revision } = this.#parse(key, text);
    return { value, revision };
  }

  async states({ prefix, after, limit }: KeyRange): Promise<KeyedState[]> {
    const range = { prefix: stateKey(prefix), limit, ...(after !== undefined && { after: stateKey(after) }) };
    const entries = await this.#keyValues.list(range);
    return entries.map(({ key, text }) => {
      const name = key.slice(stateKey("").length);
      const { value, revision } = this.#parse(name, text);
      return { key: name, value, revision };
    });
  }

  put(key: string, value: unknown, revision: number, lease?: Lease): Promise<number | null> {
    const json = JSON.stringify(value) as string | undefined;
    return this.#change(async (id): Promise<Decision<number | null>> => {
      const [kept, held] = await Promise.all([
        this.#text(stateKey(key)).then((text) => (text === null ? null : { revision: this.#revisionIn(key, text) })),
        lease && this.#lease(lease.name),
      ]);
      if (lease && !isHeldBy(held?.lease, lease)) return { answer: null };
      if ((kept?.revision ?? 0) !== revision) return { answer: null };
      if (json === undefined) return { answer: 0, ...(kept && { put: { key: stateKey(key), text: null } }) };
      const text = `{"$format":${formats.keyValue},"id":"${id}","revision":${revision + 1},"value":${json}}`;
      this.#assertSize(key, text);
      return { answer: revision + 1, put: { key: stateKey(key), text } };
    });
  }

  #assertSize(key: string, text: string): void {
    const { maxBytes } = this.#keyValues;
    const bytes = Buffer.byteLength(text);
    if (bytes > maxBytes)
      throw new UnusableStoreError(
        this.#location,
        `the state ${key} has ${bytes} bytes, expected at most ${maxBytes}, the server's limit for one value; nothing was stored`,
      );
  }

  /** After a lost response, the holder reads the lease, finds itself as the holder, and renews. */
  acquireLease(name: string, holder: string, ttlMs: number, lapsed?: string): Promise<LeaseAnswer> {
    return this.#inTurn<LeaseAnswer>(async () => {
      const renewed = this.#renewed.get(name);
      const found = renewed?.lease?.holder === holder ? renewed : await this.#lease(name);
      const granted = grantLease({ name, holder, lapsed }, found.lease);
      if (!granted.lease) return { answer: granted };
      const isRenewal = granted.lease.epoch === found.lease?.epoch;
      const epoch = isRenewal ? granted.lease.epoch : await this.#newEpoch(granted.lease.epoch);
      const stored = { holder, epoch, mark: randomUUID(), ttlMs };
      return (await this.#replace(name, stored, found))
        ? { answer: { lease: { name, holder, epoch }, current: null } }
        : null;
    });
  }

  /**
   * At least the next change number: it rises even if the server has lost the lease, and a count of epochs would
   * restart.
   */
  async #newEpoch(least: number): Promise<number> {
    return Math.max(least, (await this.#keyValues.last()) + 1);
  }

  async releaseLease(lease: Lease): Promise<void> {
    await this.#inTurn(async () => {
      const found = await this.#lease(lease.name);
      if (!isHeldBy(found.lease, lease)) return { answer: null };
      return (await this.#replace(lease.name, { ...found.lease, holder: "" }, found)) ? { answer: null } : null;
    });
  }

  /**
   * @throws UnusableStoreError if the epoch has fallen: a host of an earlier version took a lost lease for a free one
   */
  async #lease(name: string): Promise<NumberedLease> {
    const { text = null, number = 0 } = (await this.#keyValues.get(leaseKey(name))) ?? {};
    const lease =
      text === null ? null : readFormat<StoredLease>(this.#placeOf(leaseKey(name)), "keyValue", JSON.parse(text));
    const known = this.#epochs.get(name) ?? 0;
    const epoch = lease?.epoch ?? 0;
    if (epoch < known)
      throw new UnusableStoreError(
        this.#location,
        `lease ${name}: found epoch ${epoch}, expected ${known} or a later one: the server has lost acknowledged control state; stop every host, and start them again with one version`,
      );
    this.#epochs.set(name, epoch);
    return { lease, number };
  }

  /** False if another host was first. */
  async #replace(name: string, lease: StoredLease, { number: before }: NumberedLease): Promise<boolean> {
    this.#renewed.delete(name);
    const number = await this.#keyValues.replace(leaseKey(name), JSON.stringify(withFormat("keyValue", lease)), before);
    if (number === null) return false;
    this.#renewed.set(name, { lease, number });
    this.#epochs.set(name, lease.epoch);
    return true;
  }

  #inTurn<Answer>(attempt: () => Promise<{ answer: Answer } | null>): Promise<Answer> {
    return this.#mutex.run(() => retry(this.#location, attempt));
  }

  /**
   * The number of the last change is read before `decide` reads keys, so the engine refuses a put that is based on
   * outdated keys.
   */
  #change<Answer>(decide: (id: string) => Promise<Decision<Answer>>): Promise<Answer> {
    /** The change that was sent last. While its outcome is unknown, the same change is sent again. */
    let sent: { key: string; text: string | null; last: number; answer: Answer } | null = null;
    return this.#inTurn(async () => {
      const last = await this.#keyValues.last();
      // The number is taken: by this change, or by another, and then this one is never stored.
      if (sent && last > sent.last && (await this.#text(sent.key)) === sent.text) return { answer: sent.answer };
      if (!sent || last > sent.last) {
        const { answer, put } = await decide(randomUUID());
        if (!put) return { answer };
        sent = { ...put, last, answer };
      }
      const { key, text, answer } = sent;
      return (await this.#keyValues.put(key, text, sent.last)) === "added" ? { answer } : null;
    });
  }

  /** @throws DamagedStateError; UnusableStoreError if a newer version has written it */
  #parse(key: string, text: string): StoredState {
    const revision = this.#revisionIn(key, text);
    try {
      return JSON.parse(text) as StoredState;
    } catch {
      throw new DamagedStateError(key, revision);
    }
  }

  /**
   * The revision from the start of the text, so that state with a damaged value can be replaced. 0 if the start is
   * damaged.
   * @throws UnusableStoreError if a newer version has written it
   */
  #revisionIn(key: string, text: string): number {
    const format = /^\{"\$format":(\d+),/.exec(text)?.[1];
    if (format !== undefined) assertFormat(this.#placeOf(stateKey(key)), "keyValue", Number(format));
    return Number(/^\{"\$format":\d+,"id":"[^"]*","revision":(\d+),/.exec(text)?.[1] ?? 0);
  }

  #placeOf(key: string): string {
    return `${this.#location}, key ${key} of its control state`;
  }
}
