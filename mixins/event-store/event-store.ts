import { resolve } from "node:path";
import type { EventSchema, Service } from "moleculer";
import { adapterOn, resolveAdapter, type Adapter, type Engines } from "../../core/adapter.ts";
import {
  parseCatalogue,
  type Catalogue,
  type CatalogueEvents,
  type EventCatalogue,
} from "../../core/catalogue/catalogue.ts";
import { declaredNames } from "../../core/catalogue/payload-schema.ts";
import { DefinitionError } from "../../core/errors/errors.ts";
import { formerName } from "../../core/catalogue/stored-types.ts";
import { unknownType } from "../../core/event/event-type.ts";
import { assertDefinition, assertKnownOptions, assertWholeNumber, synchronous } from "../../core/options/options.ts";
import { longestLeaseMs, times } from "../../core/concurrency/times.ts";
import type { AnyEvents, EventMap, RecordedEvent } from "../../core/event/recorded-event.ts";
import { mapAction, mapEvent, type MapActionOptions, type MapEventOptions } from "./actions/map-action.ts";
import type { DeclaredPayload, EventParams, MappedAction, MappedParams, SentToMapped } from "./actions/mapped-types.ts";
import { preparesParams } from "../service/given-params.ts";
import { noMixin, type Mixin } from "../service/mixin.ts";
import { readAfterMeta, type ReadAfterMeta, type Written } from "../service/read-after.ts";
import { defaultPending } from "./append/pending-appends.ts";
import { companionMixin, type Companion } from "../service/companion.ts";
import type { EventStoreOptions } from "./options.ts";
import { storeService, type CatalogueOwner } from "./service.ts";
import { assertKnownMixinOptions, parseActions } from "../service/action-overrides.ts";
import { serviceName } from "../service/service-name.ts";

/**
 * The payload of an event type of a store. A result of the store's methods refers to the store's types by this alone, so
 * that every store is an `EventStore`.
 */
type PayloadIn<Store, Type> = Store extends EventStore<infer Events> ? Events[Type & keyof Events] : never;

/** A store of events. Services mix it in; aggregates, deciders and other consumers refer to it. */
export interface EventStore<Events extends EventMap = AnyEvents> {
  readonly name: string;
  readonly adapter: Adapter;
  /** The types in the catalogue if all others are rejected; null if the store accepts any type. */
  readonly types: readonly string[] | null;
  readonly catalogue: Catalogue;
  /** The duration of its consumers' leases, in milliseconds. */
  readonly leaseMs: number;
  mixin(): Mixin;
  /**
   * The meta of a read that includes the events of these answers of the store, of mapped actions or of commands.
   *
   * @example broker.call("villas.find", {}, { meta: events.readAfter(opened) })
   * @throws ValidationError for an answer without a position
   */
  readAfter(...answers: readonly Written[]): Required<ReadAfterMeta>;
  /**
   * A Moleculer action that stores its params as an event's payload, and returns what `append` returns.
   *
   * @example create: events.mapAction("property.created", { params: { id: "string" } })
   */
  mapAction<
    Type extends keyof Events & string,
    const Schema = unknown,
    Params = MappedParams<Schema, Events[Type]>,
    Given = unknown,
    Stream = unknown,
    Self = unknown,
  >(
    this: Self,
    type: Type,
    options?: MapActionOptions<Events[Type], Params, Schema> & DeclaredPayload<Given, Events[Type], Stream>,
  ): MappedAction<SentToMapped<Schema, PayloadIn<Self, Type>, Stream>, RecordedEvent<Type, PayloadIn<Self, Type>>>;
  /**
   * A handler that stores an incoming Moleculer event. If storing fails, `<type>.failed` is emitted with the error.
   *
   * @example events: { "legacy.changed": events.mapEvent("property.updated") }
   */
  mapEvent<Type extends keyof Events & string, Params = EventParams<Events[Type]>, Given = unknown>(
    type: Type,
    options?: MapEventOptions<Events[Type], Params> & DeclaredPayload<Given, Events[Type], unknown>,
  ): EventSchema;
}

const defaultMaxEventBytes = 512 * 1024;
const shortestLeaseMs = 1000;

/**
 * Defines a store of events. Its mixin creates one service called `name` on the broker, which all services that mix it in
 * share.
 *
 * @example const events = EventStore("propertyEventStore");
 * @throws DefinitionError, UnknownAdapterError
 */
export interface EventStoreFactory {
  /** With a catalogue, whose schemas determine the types of the payloads. */
  <const Definitions extends EventCatalogue>(
    name: string,
    options: Omit<EventStoreOptions, "events"> & { events: Definitions },
  ): EventStore<CatalogueEvents<Definitions>>;
  /** With event types as a type argument. */
  <Events extends EventMap = AnyEvents>(name: string, options?: EventStoreOptions<Events>): EventStore<Events>;
  /** Without types. `ReturnType<typeof EventStore>` is the result of the last signature. */
  (name: string, options?: EventStoreOptions): EventStore;
}

/** Creates the `EventStore` factory for a set of engines. */
export function eventStoreOn(engines: Engines): EventStoreFactory {
  function EventStore(name: string, options: EventStoreOptions = {}): EventStore {
    if (typeof name !== "string" || !serviceName.test(name))
      throw new DefinitionError({
        field: "EventStore.name",
        found: name,
        expected: "a service name of 1 to 100 letters, digits, _ - and . (/ is reserved for a later release)",
      });
    assertKnownMixinOptions(name, options, [
      "adapter",
      "events",
      "unknownTypes",
      "pump",
      "leaseMs",
      "maxEventBytes",
      "maxPending",
      "transferFolder",
      "meta",
      "host",
      "actions",
    ]);
    if (options.host !== undefined && typeof options.host !== "boolean")
      throw new DefinitionError({ field: `${name}.host`, found: options.host, expected: "true or false" });
    const { transferFolder } = options;
    const isFolder = transferFolder === undefined || isPath(transferFolder);
    assertDefinition(isFolder, `${name}.transferFolder`, transferFolder, "the path of a folder");
    const { pump = {}, maxPending = {}, maxEventBytes = defaultMaxEventBytes } = options;
    assertKnownOptions(`${name}.pump`, pump, ["batchSize", "timeoutMs"]);
    assertKnownOptions(`${name}.maxPending`, maxPending, ["appends", "bytes"]);
    const { batchSize = 100, timeoutMs = 5000 } = pump;
    const { appends = defaultPending.appends, bytes = defaultPending.bytes } = maxPending;
    const { leaseMs = times.lease.lastsMs } = options;
    if (
      options.leaseMs !== undefined &&
      !(Number.isSafeInteger(leaseMs) && leaseMs >= shortestLeaseMs && leaseMs <= longestLeaseMs)
    )
      throw new DefinitionError({
        field: `${name}.leaseMs`,
        found: leaseMs,
        expected: `a whole number from ${shortestLeaseMs} to ${longestLeaseMs}`,
      });
    const { meta } = options;
    if (meta !== undefined) synchronous(`${name}.meta`, meta);
    const actions = parseActions(name, options.actions);
    const adapter = resolveAdapter(engines, options.adapter === undefined ? engines.byDefault(name) : options.adapter);
    if (!adapter.eventLog)
      throw new DefinitionError({
        field: `${name}.adapter`,
        found: adapter.engine,
        expected: "an engine that stores event logs",
      });
    const catalogue = parseCatalogue(name, options.events as EventCatalogue | undefined, options.unknownTypes);
    const settings = {
      catalogue,
      pump: {
        batchSize: atLeastOne(`${name}.pump.batchSize`, batchSize),
        timeoutMs: atLeastOne(`${name}.pump.timeoutMs`, timeoutMs),
      },
      leaseMs,
      maxEventBytes: atLeastOne(`${name}.maxEventBytes`, maxEventBytes),
      maxPending: {
        appends: atLeastOne(`${name}.maxPending.appends`, appends),
        bytes: atLeastOne(`${name}.maxPending.bytes`, bytes),
      },
      meta,
      actions,
    };
    const companion: Companion & { adapter: Adapter } = {
      name,
      kind: "event store",
      adapter,
      conflictWith: (other) => {
        const existing = (other as typeof companion).adapter.location;
        return existing === adapter.location
          ? null
          : `is already an event store at ${existing} on this broker: found ${adapter.location}, expected the same location`;
      },
      // A service that only reads or listens need not repeat the catalogue.
      join: (service) => (service as Service & CatalogueOwner).evsJoin(catalogue, meta),
      schema: (broker) => {
        const placed = adapterOn(broker, adapter, name);
        const folder = resolve(transferFolder ?? placed.folder ?? "data");
        return storeService(name, placed.eventLog!(name), { ...settings, transferFolder: folder });
      },
    };
    const types = catalogue.unknownTypes === "refuse" ? [...catalogue.entries.keys()] : null;
    const targetOf = (type: string) => {
      const field = `${name}: an event's type`;
      const isText = typeof type === "string";
      const problem = isText ? (formerName(field, type, catalogue) ?? unknownType(field, type, types)) : null;
      if (problem) throw new DefinitionError(problem);
      const { schemaVersion, payload: schema } = catalogue.entries.get(type) ?? {};
      const formerNames = catalogue.formerNames.get(type) ?? [];
      return { store: name, type, schemaVersion, formerNames, schema, names: declaredNames(schema) };
    };
    return {
      ...noMixin("event store", name),
      name,
      adapter,
      types,
      catalogue,
      leaseMs,
      mixin: () => ({ ...(options.host === false ? {} : companionMixin(companion)), ...preparesParams }),
      readAfter: (...answers) => readAfterMeta(name, answers),
      mapAction: (type, mapping = {}) => mapAction(targetOf(type), mapping as MapActionOptions),
      mapEvent: (type, mapping = {}) => mapEvent(targetOf(type), mapping as MapEventOptions),
    };
  }
  return EventStore;
}

const isPath = (found: unknown) => typeof found === "string" && found !== "" && !found.includes("\0");

/** @throws DefinitionError */
export function assertStore(owner: string, found: unknown): void {
  const { name, mapAction: map, catalogue } = (found ?? {}) as Partial<EventStore>;
  if (typeof name === "string" && typeof map === "function" && catalogue !== undefined) return;
  throw new DefinitionError({ field: `${owner}.eventStore`, found, expected: "an EventStore" });
}

function atLeastOne(field: string, found: number): number {
  assertWholeNumber(field, found);
  return found;
}
