import type { ServiceBroker } from "moleculer";
import type { ConsumerControl, ControlChange } from "../../core/consumer/consumer-control.ts";
import type { Lease, LeaseAnswer, Versioned } from "../../core/log/control.ts";
import { StoreUnavailableError } from "../../core/errors/errors.ts";
import type { EventInput } from "../../core/log/new-event.ts";
import type { QueryParams } from "../../core/query/query.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import { times } from "../../core/concurrency/times.ts";
import type { LeaseSource } from "./lease-hold.ts";
import { hostsOf } from "./on-every-host.ts";
import { remoteCall } from "./remote-call.ts";
import type { ConsumerPage, StreamPage } from "./consumer-page.ts";

interface Dependencies {
  broker: ServiceBroker;
  store: string;
  /** The consumer's name in the store: `aggregate/<name>`, `subscription/<name>`. */
  consumer: string;
  types: readonly string[];
  leaseMs: number;
}

/** An event that has no place in the log. */
export type DraftEvent = Pick<RecordedEvent, "id" | "type" | "payload" | "meta">;

/** The event store as a consumer sees it: always over the broker, wherever it is hosted. */
export class EventSource implements LeaseSource {
  readonly #d: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
  }

  get consumer(): string {
    return this.#d.consumer;
  }

  get leaseMs(): number {
    return this.#d.leaseMs;
  }

  /** `limit` 0: no events, but the head and what is wanted of the consumer. */
  page(after: number, limit: number): Promise<ConsumerPage> {
    const { consumer, types } = this.#d;
    return this.#call("page", { consumer, after, limit, types });
  }

  event(id: string): Promise<RecordedEvent> {
    return this.#call("get", { id });
  }

  change(change: ControlChange): Promise<ConsumerControl> {
    return this.#call("control", { consumer: this.#d.consumer, change });
  }

  /** Stores a system event; sent again under its id, it is stored once. */
  async record(stream: string, type: string, payload: object, id: string): Promise<void> {
    await this.#call("record", { stream, type, payload, id });
  }

  /** A stream's events of the wanted types behind a version; an empty page is the end. */
  streamPage(stream: string, afterVersion: number): Promise<StreamPage> {
    const { consumer, types } = this.#d;
    return this.#call("streamPage", { consumer, stream, afterVersion, limit: 1000, types });
  }

  /** The event at a position; null where there is none. */
  async eventAt(position: number): Promise<RecordedEvent | null> {
    const events: RecordedEvent[] = await this.#call("read", { after: position - 1, limit: 1, raw: true });
    return events[0]?.position === position ? events[0] : null;
  }

  /** The last position of an event that is not younger than this; 0 before the first event. `time`: ISO 8601. */
  positionAt(time: string): Promise<number> {
    return this.#call("positionAt", { time });
  }

  /** The events as an append would store them. @throws ValidationError, EventTooLargeError */
  draft(events: readonly EventInput[]): Promise<DraftEvent[]> {
    return this.#call("draft", { events });
  }

  /** What the store's `find` and `count` answer. */
  find(params: QueryParams & { fields?: string[] }): Promise<RecordedEvent[]> {
    return this.#call("find", params);
  }

  count(query: object): Promise<number> {
    return this.#call("count", { query });
  }

  /** What the consumer keeps in the store's engine, or `of` one thing below it; null where it keeps nothing there. */
  state(of?: string): Promise<Versioned | null> {
    return this.#call("state", { consumer: this.#d.consumer, ...(of !== undefined && { of }) });
  }

  /** Those below the consumer's own whose names begin with `prefix`, in their order; an empty page is the end. */
  states(prefix: string, after: string | undefined, limit: number): Promise<(Versioned & { of: string })[]> {
    return this.#call("states", { consumer: this.#d.consumer, prefix, limit, ...(after !== undefined && { after }) });
  }

  /** Null where the state is no longer at `revision`, or the lease was lost. Null as the value: it is removed. */
  saveState(value: object | null, revision: number, lease: Lease, of?: string): Promise<number | null> {
    const { consumer } = this.#d;
    return this.#call("saveState", { consumer, value, revision, lease, ...(of !== undefined && { of }) });
  }

  takeLease(holder: string, ttlMs: number, lapsed?: string): Promise<LeaseAnswer> {
    const { consumer } = this.#d;
    return this.#call("takeLease", { consumer, holder, ttlMs, ...(lapsed !== undefined && { lapsed }) });
  }

  async releaseLease(lease: Lease, to?: string): Promise<void> {
    await this.#call("releaseLease", { consumer: this.#d.consumer, lease, ...(to !== undefined && { to }) });
  }

  /** The nodes that host a service. */
  hostsOf(service: string): string[] {
    return hostsOf(this.#d.broker, service);
  }

  async #call<Answer>(action: string, params: object): Promise<Answer> {
    const { broker, store } = this.#d;
    const name = `${store}.${action}`;
    // Asked first, since the broker logs a warning for every call of an action that is not there.
    if (!broker.registry.actions.isAvailable(name))
      throw new StoreUnavailableError(store, "its service is not there (yet)");
    // The message may be lost with the server that carries it.
    return remoteCall(broker, name, params, { timeout: times.call.storeMs });
  }
}
