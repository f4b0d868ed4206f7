import { randomUUID } from "node:crypto";
import type { AppendRequest } from "../../core/log/append-request.ts";
import type { NewEvent } from "../../core/log/new-event.ts";
import type { AppendVerdict, EventType } from "../../core/log/event-log.ts";
import { decideInOrder } from "../../core/log/decide-in-order.ts";
import { eventTime } from "../../core/event/event-time.ts";
import { conflictOf } from "../../core/log/expected-version.ts";
import { MixedStreamError } from "../../core/log/links.ts";
import { compareText } from "../../core/text/text-order.ts";
import type { Comparison } from "../../core/query/query.ts";
import type { EventMeta, RecordedEvent } from "../../core/event/recorded-event.ts";
import { repeatOf } from "../../core/log/repeat.ts";
import { Claims } from "../../core/log/claims.ts";
import { claimsPart } from "../../core/log/claims-part.ts";
import type { OpenParts } from "../../core/log/log-parts.ts";
import { MemoryKeptClaims } from "./kept-claims.ts";
import { Control } from "./control.ts";
import { KeysInOrder } from "../parts/rows/keys-in-order.ts";
import { Links } from "./links.ts";
import type { Source } from "../parts/rows/select.ts";
import type { ColumnValue } from "../parts/rows/where.ts";

/** Payload and meta are JSON texts, so that no caller can change what is stored. */
export type StoredEvent = Readonly<
  Record<"id" | "type" | "stream" | "time" | "payload" | "meta", string> & Record<"version" | "position", number>
>;

export const toEvent = ({ id, type, stream, version, position, time, payload, meta }: StoredEvent): RecordedEvent => ({
  id,
  type,
  stream,
  version,
  position,
  time,
  payload: JSON.parse(payload) as RecordedEvent["payload"],
  meta: JSON.parse(meta) as EventMeta,
});

/** The content of a log. A commit is synchronous, so no reader sees half of it. */
export class StoredLog implements Source<StoredEvent> {
  readonly identity: string;
  readonly #kept = new MemoryKeptClaims();
  readonly #claims = new Claims(this.#kept);
  readonly links = new Links<StoredEvent>(this);
  readonly parts: OpenParts = {
    control: new Control(),
    claims: claimsPart(this.#claims, {
      head: () => this.head,
      page: (generation, options, position) => this.#kept.page(generation, options, position),
    }),
    links: this.links,
  };
  /** Position p has index p - 1. */
  readonly #events: StoredEvent[] = [];
  readonly #byId = new Map<string, StoredEvent>();
  /** Version v has index v - 1. */
  readonly #streams = new Map<string, StoredEvent[]>();
  /** Type → number of events. */
  readonly #types = new Map<string, number>();
  readonly #names = new KeysInOrder(() => this.#streams.keys());
  #lastTime = "";
  #now = "";

  constructor(identity: string = randomUUID()) {
    this.identity = identity;
  }

  get head(): number {
    return this.#events.length;
  }

  all(): readonly StoredEvent[] {
    return this.#events;
  }

  stream(name: string): readonly StoredEvent[] {
    return this.#streams.get(name) ?? [];
  }

  byId(id: string): StoredEvent | undefined {
    return this.#byId.get(id);
  }

  having(field: string, value: ColumnValue): readonly StoredEvent[] | undefined {
    if (field === "stream") return this.stream(value as string);
    if (field !== "id" && field !== "position") return undefined;
    const event = field === "id" ? this.byId(value as string) : this.#events[(value as number) - 1];
    return event ? [event] : [];
  }

  /** Handles comparisons of positions only, since the events are sorted by position. */
  within(comparisons: readonly Comparison[]): readonly StoredEvent[] | undefined {
    let [first, last] = [1, this.head];
    for (const { field, operator, value } of comparisons) {
      if (field !== "position" || typeof value !== "number") continue;
      if (operator === "$gt" || operator === "$gte") first = Math.max(first, Math.floor(value));
      if (operator === "$lt" || operator === "$lte") last = Math.min(last, Math.ceil(value));
    }
    return first === 1 && last === this.head ? undefined : this.#events.slice(first - 1, Math.max(last, 0));
  }

  /** Returns the last event of each stream after this name, in byte order of the names. */
  streamsAfter(after: string, limit: number, isWanted: (name: string) => boolean): Promise<StoredEvent[]> {
    return this.#names.after(after, limit, (name) => (isWanted(name) ? this.stream(name).at(-1) : undefined));
  }

  types(limit: number): EventType[] {
    return [...this.#types]
      .flatMap(([type, count]) => (count > 0 ? [{ type, count }] : []))
      .toSorted((a, b) => compareText(a.type, b.type))
      .slice(0, limit);
  }

  commit(requests: readonly AppendRequest[]): AppendVerdict[] {
    const { head } = this;
    const lastTime = this.#lastTime;
    this.#kept.begin();
    try {
      this.#now = new Date().toISOString();
      return decideInOrder(requests, (request) => this.#decide(request));
    } catch (error) {
      this.#lastTime = lastTime;
      this.#forgetAfter(head);
      this.#kept.takeBack();
      this.#claims.reload();
      throw error;
    }
  }

  #forgetAfter(head: number): void {
    for (const { id, type, stream } of this.#events.splice(head)) {
      this.#byId.delete(id);
      this.#types.set(type, this.#types.get(type)! - 1);
      const events = this.#streams.get(stream)!;
      events.pop();
      if (events.length === 0) this.#streams.delete(stream);
    }
    this.#names.changed();
  }

  #decide(request: AppendRequest): AppendVerdict {
    const { stream, events, expectedVersion } = request;
    const repeat = repeatOf(request, (id) => {
      const stored = this.byId(id);
      return stored && toEvent(stored);
    });
    if (repeat) return repeat;
    if (this.links.of(stream)) return { error: new MixedStreamError(stream, "links") };
    const conflict = conflictOf(stream, expectedVersion, this.stream(stream).length);
    const refusal = conflict ?? this.#claims.refusalOf(request);
    if (refusal) return { error: refusal };
    const first = this.head + 1;
    const stored = events.map((event) => this.#store(stream, event));
    this.#claims.stored(request, first);
    return { events: stored, repeated: false };
  }

  #store(stream: string, event: NewEvent): RecordedEvent {
    const { id, type, payload, meta, payloadText, metaText } = event;
    for (const [field, found] of Object.entries({ id, type, stream, payloadText, metaText }))
      if (typeof found !== "string") throw new TypeError(`${field}: found ${String(found)}, expected a string`);
    if (this.#byId.has(id)) throw new Error(`id: found ${id}, which is stored already, expected a new one`);
    let events = this.#streams.get(stream);
    if (!events) {
      this.#streams.set(stream, (events = []));
      this.#names.changed();
    }
    const time = (this.#lastTime = eventTime(this.#now, this.#lastTime, event.time));
    const numbers = { id, type, stream, version: events.length + 1, position: this.head + 1, time };
    const stored = { ...numbers, payload: payloadText, meta: metaText };
    this.#events.push(stored);
    this.#byId.set(id, stored);
    this.#types.set(type, (this.#types.get(type) ?? 0) + 1);
    events.push(stored);
    return { ...numbers, payload: payload as RecordedEvent["payload"], meta };
  }
}
