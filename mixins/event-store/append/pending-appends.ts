import { StoreUnavailableError } from "../../../core/errors/errors.ts";
import type { AppendRequest } from "../../../core/log/append-request.ts";

/** How many appends of callers one host of a store keeps until they are committed, and how much. */
export interface PendingLimits {
  /** Default 10,000. */
  appends: number;
  /** Of their payloads and metas, in bytes of JSON. Default 64 MiB. */
  bytes: number;
}

export const defaultPending: PendingLimits = { appends: 10_000, bytes: 64 * 1024 * 1024 };

/** They bound how long one commit may hold the event loop, and how long every append in it waits. */
const maxPerCommit = { events: 1000, bytes: 4 * 1024 * 1024 };

/** An append with what it takes of a commit. */
export interface Sized {
  readonly events: number;
  readonly bytes: number;
}

/** The room of one commit, taken by one append after another. */
export class CommitRoom {
  #events = 0;
  #bytes = 0;
  #isEmpty = true;

  /** False where it has no room left for this one; the first always fits. */
  admit({ events, bytes }: Sized): boolean {
    const isOver = this.#events + events > maxPerCommit.events || this.#bytes + bytes > maxPerCommit.bytes;
    if (isOver && !this.#isEmpty) return false;
    this.#isEmpty = false;
    this.#events += events;
    this.#bytes += bytes;
    return true;
  }
}

/** Appends in the order in which they came, from their acceptance to the end of their commit; never more than the limits. */
export class PendingAppends<Append extends Sized> {
  readonly #store: string;
  readonly #limits: PendingLimits;
  #waiting: Append[] = [];
  /** Those before it have been taken: to remove each from the front would move all others. */
  #next = 0;
  #appends = 0;
  #bytes = 0;

  /** @param store its name, for messages */
  constructor(store: string, limits: PendingLimits) {
    this.#store = store;
    this.#limits = limits;
  }

  get isEmpty(): boolean {
    return this.#next === this.#waiting.length;
  }

  /** One that is larger than the limit is accepted while no other is pending. @throws StoreUnavailableError */
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
  }

  /** As many as the room admits. They stay pending until they are `done`. */
  take(room: CommitRoom): Append[] {
    const first = this.#next;
    while (this.#next < this.#waiting.length && room.admit(this.#waiting[this.#next]!)) this.#next++;
    const taken = this.#waiting.slice(first, this.#next);
    if (this.#next * 2 >= this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#next);
      this.#next = 0;
    }
    return taken;
  }

  done({ bytes }: Append): void {
    this.#appends--;
    this.#bytes -= bytes;
  }
}

const overloaded = (store: string, why: string) =>
  new StoreUnavailableError(store, `it is overloaded: ${why}; nothing was stored`);

/** In bytes of JSON. */
export function sizeOf(requests: readonly AppendRequest[]): Sized {
  const size = { events: 0, bytes: 0 };
  for (const { events } of requests) {
    size.events += events.length;
    for (const { payloadText, metaText } of events)
      size.bytes += Buffer.byteLength(payloadText) + Buffer.byteLength(metaText);
  }
  return size;
}
