import { StoreUnavailableError } from "../../../core/errors/errors.ts";
import type { AppendRequest } from "../../../core/log/append-request.ts";

/** Limits of the callers' appends that wait for their commit on one host of a store. */
export interface PendingLimits {
  /** Default 10,000. */
  appends: number;
  /** The size of their payloads and metas, in bytes of JSON. Default 64 MiB. */
  bytes: number;
}

export const defaultPending: PendingLimits = { appends: 10_000, bytes: 64 * 1024 * 1024 };

/** Bounds how long one commit blocks the event loop, and how long each append in it waits. */
const maxPerCommit = { events: 1000, bytes: 4 * 1024 * 1024 };

/** The size of an append in a commit. */
export interface Sized {
  readonly events: number;
  readonly bytes: number;
}

/** The appends of one commit, and their size. */
export interface CommitBatch<Append> {
  appends: Append[];
  events: number;
  bytes: number;
}

/** A queue of appends, which counts each from its acceptance to the end of its commit, within the limits. */
export class PendingAppends<Append extends Sized> {
  readonly #store: string;
  readonly #limits: PendingLimits;
  #waiting: Append[] = [];
  /** The index of the next append to take. Removing taken ones singly from the front would move all others. */
  #next = 0;
  #appends = 0;
  #bytes = 0;
  /** How many appends no commit has taken yet. */
  untaken = 0;

  /** @param store - The store's name, for messages. */
  constructor(store: string, limits: PendingLimits) {
    this.#store = store;
    this.#limits = limits;
  }

  /** An append that alone exceeds the limit is accepted if no other is pending. @throws StoreUnavailableError */
  add(append: Append): void {
    const { appends, bytes } = this.#limits;
    if (this.#appends >= appends)
      throw overloaded(this.#store, `found ${this.#appends} appends waiting, expected at most ${appends}`);
    if (this.#appends > 0 && this.#bytes + append.bytes > bytes)
      throw overloaded(
        this.#store,
        `found ${this.#bytes + append.bytes} bytes of appends waiting with this one, expected at most ${bytes}`,
      );
    this.#appends++;
    this.#bytes += append.bytes;
    this.#waiting.push(append);
    this.untaken++;
  }

  /** Adds as many appends to a commit as fit; the first always fits. They stay pending until `done` is called. */
  takeInto(commit: CommitBatch<Append>): void {
    for (; this.untaken > 0; this.untaken--, this.#next++) {
      const append = this.#waiting[this.#next]!;
      const events = commit.events + append.events;
      const bytes = commit.bytes + append.bytes;
      const isOver = events > maxPerCommit.events || bytes > maxPerCommit.bytes;
      if (isOver && commit.appends.length > 0) break;
      commit.appends.push(append);
      commit.events = events;
      commit.bytes = bytes;
    }
    if (this.#next * 2 < this.#waiting.length) return;
    this.#waiting = this.#waiting.slice(this.#next);
    this.#next = 0;
  }

  done({ bytes }: Append): void {
    this.#appends--;
    this.#bytes -= bytes;
  }
}

const overloaded = (store: string, why: string) =>
  new StoreUnavailableError(store, `it is overloaded: ${why}; nothing was stored`);

/** The events of the requests, and their bytes of JSON. */
export function sizeOf(requests: readonly AppendRequest[]): Sized {
  const size = { events: 0, bytes: 0 };
  for (const { events } of requests) {
    size.events += events.length;
    for (const { payloadText, metaText } of events)
      size.bytes += Buffer.byteLength(payloadText) + Buffer.byteLength(metaText);
  }
  return size;
}
