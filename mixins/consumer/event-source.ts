import type { ServiceBroker } from "moleculer";
import type { Catalogue } from "../../core/catalogue/catalogue.ts";
import type { NewerEvent } from "../../core/catalogue/newer-event.ts";
import type { ConsumerControl, ControlChange } from "../../core/consumer/consumer-control.ts";
import type { Lease, LeaseAnswer, Versioned } from "../../core/log/control.ts";
import { StoreUnavailableError } from "../../core/errors/errors.ts";
import type { EventInput } from "../../core/log/new-event.ts";
import type { QueryParams } from "../../core/query/query.ts";
import type { Page } from "../../core/log/event-log.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import { formats } from "../../core/log/stored-format.ts";
import { times } from "../../core/concurrency/times.ts";
import { innerName, spoken, toSpeaker } from "../service/between-nodes.ts";
import {
  consumerHosts,
  isHostedHere,
  knowingNode,
  knowingNodes,
  nobodyReads,
  nodesOfOwner,
  type ConsumerHost,
} from "../service/releases.ts";
import { HandledEvents } from "./handled-events.ts";
import { MappedTypes } from "../service/missing-types.ts";
import type { LeaseSource } from "./lease-hold.ts";
import { remoteCall } from "./remote-call.ts";
import type { ConsumerPage, StreamPage } from "./consumer-page.ts";

interface Dependencies {
  broker: ServiceBroker;
  store: string;
  /** The consumer's name in the store: `table/<name>`, `subscription/<name>`. */
  consumer: string;
  /** Of a renamed consumer, whose name in the store is its former one: what it would be today. */
  newName?: string;
  /** Of a table: the owner of the rows that this host folds. Each owner has a lease of its own. */
  owner?: string;
  types: readonly string[];
  leaseMs: number;
  /** The catalogue of this release. If it is empty, the store's host upcasts the events with its own. */
  catalogue: Catalogue;
}

/** An event that was not appended, so it has no position. */
export type DraftEvent = Pick<RecordedEvent, "id" | "type" | "payload" | "meta">;

/**
 * The event store as a consumer uses it: always through the broker, wherever the store is hosted. A consumer with a
 * catalogue reads events as they are stored and upcasts them itself, since the store's host may run another release.
 */
export class EventSource implements LeaseSource {
  readonly #d: Dependencies;
  readonly mappedTypes: MappedTypes;
  /** The service whose actions only nodes call. */
  readonly #inner: string;
  readonly #handled: HandledEvents;

  constructor(dependencies: Dependencies) {
    const { broker, store, consumer: name, catalogue, types } = dependencies;
    this.#d = dependencies;
    this.mappedTypes = new MappedTypes(broker, { store, name, patterns: types, catalogue });
    this.#handled = new HandledEvents(catalogue, types);
    this.#inner = innerName(dependencies.store);
  }

  get consumer(): string {
    return this.#d.consumer;
  }

  /** The name of the consumer's lease. */
  get leaseName(): string {
    const { consumer, owner = "" } = this.#d;
    return owner === "" ? consumer : `${consumer}/${owner}`;
  }

  get leaseMs(): number {
    return this.#d.leaseMs;
  }

  /** `limit` 0: no events, only the head and the consumer's control state. */
  page(after: number, limit: number): Promise<ConsumerPage> {
    return this.#isRaw && limit > 0 ? this.#upcastPage(after, limit) : this.#page(after, limit);
  }

  async #upcastPage(after: number, limit: number): Promise<ConsumerPage> {
    const page = await this.#page(after, limit);
    if (page.events.length === 0) return page;
    const known = this.#handled.known(page);
    if (!known.newer) return { ...page, ...known };
    const position = known.newer.position - 1;
    const { afterId: positionId } = position === after ? page : await this.#page(position, 0);
    return { ...page, ...known, position, positionId, end: false };
  }

  async #page(after: number, limit: number): Promise<ConsumerPage> {
    const { broker, store, consumer } = this.#d;
    const params = { consumer, after, limit, types: this.#handled.storedTypes, ...(this.#isRaw && { raw: true }) };
    const page = await this.#call<ConsumerPage>(this.#inner, "page", params);
    // Another host of the store may run a newer release. If this node hosts it, the node's release is the older one.
    if (!page.newer || isHostedHere(broker, store)) return page;
    const node = knowingNode(broker, { store }, page.newer);
    return node === null ? page : this.#call(this.#inner, "page", params, node);
  }

  get #isRaw(): boolean {
    return this.#d.catalogue.entries.size > 0;
  }

  /** A node of the consumer's service whose release can read the event. */
  knowingNode(service: string, newer: NewerEvent): string | null {
    const { broker, store, owner } = this.#d;
    return knowingNode(broker, { service, store, ...(owner !== undefined && { owner }) }, newer);
  }

  /** The nodes that have the service, of a release that can read the event, whatever rows they fold. */
  newerNodes(service: string, newer: NewerEvent): string[] {
    return knowingNodes(this.#d.broker, { service, store: this.#d.store }, newer);
  }

  /** The available nodes that fold the table's rows of an owner. */
  nodesOfOwner(table: string, owner: string): string[] {
    return nodesOfOwner(this.#d.broker, table, owner);
  }

  /** Whether none of the nodes that fold the table's rows of an owner can read the stored event. */
  nobodyReads(table: string, owner: string, { type, meta }: RecordedEvent): boolean {
    const { broker, store } = this.#d;
    const schemaVersion = Number(meta.schemaVersion ?? 1);
    return nobodyReads(broker, { store, service: table, owner }, { type, schemaVersion });
  }

  event(id: string): Promise<RecordedEvent> {
    return this.#call(this.#d.store, "get", { id });
  }

  change(change: ControlChange): Promise<ConsumerControl> {
    return this.#call(this.#inner, "control", { consumer: this.#d.consumer, change });
  }

  /** Stores a system event. The id makes it idempotent: sent again, the event is stored once. */
  async record(stream: string, type: string, payload: object, id: string): Promise<void> {
    const meta = { schemaVersion: formats.systemEvent };
    await this.#call(this.#inner, "record", { stream, type, payload, id, meta });
  }

  /** The stream's events of the consumer's types after a version; an empty page is the end. */
  async streamPage(stream: string, afterVersion: number, limit = 1000): Promise<StreamPage> {
    const { consumer } = this.#d;
    const types = this.#handled.storedTypes;
    const raw = this.#isRaw && { raw: true };
    for (let after = afterVersion; ;) {
      const params = { consumer, stream, afterVersion: after, limit, types, ...raw };
      const page: StreamPage = await this.#call(this.#inner, "streamPage", params);
      const last = page.events.at(-1);
      const read = raw ? this.#handled.each(page) : page;
      // An empty page is the end, so one whose events are all dropped is passed.
      if (!last || read.events.length > 0) return read;
      after = last.version;
    }
  }

  /** The event at a position; null if there is none. */
  async eventAt(position: number): Promise<RecordedEvent | null> {
    const { events }: Page = await this.#call(this.#d.store, "read", { after: position - 1, limit: 1, raw: true });
    return events[0]?.position === position ? events[0] : null;
  }

  /** The last position whose event is not younger than `time` (ISO 8601); 0 before the first event. */
  positionAt(time: string): Promise<number> {
    return this.#call(this.#inner, "positionAt", { time });
  }

  /** The events as an append would store them. @throws ValidationError, EventTooLargeError */
  draft(events: readonly EventInput[]): Promise<DraftEvent[]> {
    return this.#call(this.#inner, "draft", { events });
  }

  find(params: QueryParams & { fields?: string[] }): Promise<RecordedEvent[]> {
    return this.#call(this.#d.store, "find", params);
  }

  count(query: object): Promise<number> {
    return this.#call(this.#d.store, "count", { query });
  }

  /** The state that the consumer stores in the store's engine, or its substate `of`; null if there is none. */
  state(of?: string): Promise<Versioned | null> {
    return this.#call(this.#inner, "state", { consumer: this.#d.consumer, ...(of !== undefined && { of }) });
  }

  /** The consumer's substates whose names begin with `prefix`, sorted by name; an empty page is the end. */
  states(prefix: string, after: string | undefined, limit: number): Promise<(Versioned & { of: string })[]> {
    return this.#call(this.#inner, "states", {
      consumer: this.#d.consumer,
      prefix,
      limit,
      ...(after !== undefined && { after }),
    });
  }

  /** Returns null if the state is no longer at `revision`, or the lease was lost. The value null removes the state. */
  saveState(value: object | null, revision: number, lease: Lease, of?: string): Promise<number | null> {
    const { consumer } = this.#d;
    return this.#call(this.#inner, "saveState", { consumer, value, revision, lease, ...(of !== undefined && { of }) });
  }

  /** Notes the former name under the new one; returns the checkpoint state that is stored there. */
  rename(formerName: string): Promise<unknown> {
    return this.#call(this.#inner, "rename", { consumer: this.#d.newName, formerName });
  }

  takeLease(holder: string, ttlMs: number, lapsed?: string): Promise<LeaseAnswer> {
    const consumer = this.leaseName;
    return this.#call(this.#inner, "takeLease", { consumer, holder, ttlMs, ...(lapsed !== undefined && { lapsed }) });
  }

  async releaseLease(lease: Lease, to?: string): Promise<void> {
    await this.#call(this.#inner, "releaseLease", {
      consumer: this.leaseName,
      lease,
      ...(to !== undefined && { to }),
    });
  }

  hostsOf(service: string): ConsumerHost[] {
    return consumerHosts(this.#d.broker, service);
  }

  /** Calls an action of the store's service, or of its inner one. */
  async #call<Answer>(service: string, action: string, params: object, nodeID?: string): Promise<Answer> {
    const { broker, store } = this.#d;
    const name = `${service}.${action}`;
    // Checked first, because the broker logs a warning for every call of an action that does not exist.
    if (!broker.registry.actions.isAvailable(name))
      throw new StoreUnavailableError(store, "its service is not there (yet)");
    const options =
      service !== this.#inner ? {} : nodeID === undefined ? toSpeaker(broker, name) : { ...spoken, nodeID };
    // A message may be lost together with the server that carries it.
    return remoteCall(broker, name, params, { ...options, timeout: times.call.storeMs });
  }
}
