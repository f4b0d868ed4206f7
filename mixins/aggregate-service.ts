import { Errors, type Context, type Service, type ServiceBroker, type ServiceSchema } from "moleculer";
import { StoreUnavailableError } from "../core/errors.ts";
import type { Fields, FieldType } from "../core/fields.ts";
import type { Mapping } from "../core/mapping.ts";
import type { QueryFields } from "../core/query.ts";
import type { ReadTable, Rows } from "../core/read-table.ts";
import { newEventId } from "../core/event-id.ts";
import type { RecordedEvent } from "../core/recorded-event.ts";
import { AggregateHost, type EventSource } from "./aggregate-host.ts";
import type { ErrorPolicy } from "./fold.ts";
import type { SiblingSchema } from "./sibling.ts";
import { readActions, type Reader } from "./read-actions.ts";
import { appendedEvent, controlEvent, narrow, type Visibilities } from "./store-service.ts";
import { Transforms, type FoldToken, type Transform, type TransformCaller } from "./transform.ts";

/** moleculer-db's own settings of a service, those that concern reading. */
export interface DbSettings {
  /** Rows on a page of `list`. Default 10. */
  pageSize?: number;
  /** Most rows on a page of `list`. Default 100. */
  maxPageSize?: number;
  /** Most rows that `find` answers. Default -1: no limit. */
  maxLimit?: number;
  populates?: Record<string, unknown>;
  excludeFields?: string[];
}

export const dbSettings = [
  "pageSize",
  "maxPageSize",
  "maxLimit",
  "populates",
  "excludeFields",
] satisfies (keyof DbSettings)[];

interface Definition {
  name: string;
  store: string;
  table: ReadTable;
  fields: Fields;
  mappings: readonly Mapping<Transform>[];
  policy: ErrorPolicy;
  settings: DbSettings;
  visibility: Visibilities;
}

type FoldMeta = { $fold?: FoldToken };

/** The service of an aggregate: the read actions of its table and the control of its fold. */
export function aggregateService(definition: Definition): SiblingSchema {
  const { name, store, fields, settings, visibility } = definition;
  const declared = withId(fields);
  const queryFields = new WeakMap<Fields, QueryFields>();
  const strangers = new Set<string>();
  let host: AggregateHost;
  let transforms: Transforms;
  let cacheVersion = newEventId();
  let warn: (message: string) => void;

  const reader = (ctx: Context): Reader => {
    const token = (ctx.meta as FoldMeta).$fold;
    // Another node's batch cannot be seen from here; an answer from this one's rows would be wrong in silence.
    if (token?.aggregate === name && token.node !== ctx.broker.nodeID)
      throw new StoreUnavailableError(
        name,
        `the fold that asks runs on node ${token.node}, its query came to ${ctx.broker.nodeID}`,
      );
    if (token?.aggregate === name) return readerOf(declared, transforms.rowsFor(token.id));
    if (token && !strangers.has(token.aggregate)) {
      strangers.add(token.aggregate);
      warn(
        `A transform of ${token.aggregate} queries ${name}: it gets today's rows, so it cannot be replayed faithfully`,
      );
    }
    const { live } = host;
    let known = queryFields.get(live.fields);
    if (!known) queryFields.set(live.fields, (known = withId(live.fields)));
    return readerOf(known, live.rows);
  };

  const schema: SiblingSchema = {
    name,
    settings: settings as NonNullable<ServiceSchema["settings"]>,
    mixins: [
      readActions({
        reader,
        // A transform's view changes with every event: its queries go past the cache.
        cache: { isFor: (ctx) => (ctx.meta as FoldMeta).$fold === undefined, version: () => cacheVersion },
      }),
    ],
    actions: {
      status: { handler: () => host.status() },
      pause: { handler: () => host.pause() },
      resume: { handler: () => host.resume() },
      parked: { handler: () => host.parked },
      retry: {
        params: { id: { type: "string", optional: true }, stream: { type: "string", optional: true, convert: true } },
        handler: (ctx: Context<{ id?: string; stream?: string }>) => host.retry(ctx.params),
      },
      skip: {
        params: { id: "string", reason: { type: "string", optional: true, default: "" } },
        handler: (ctx: Context<{ id: string; reason: string }>) => host.skip(ctx.params.id),
      },
    },
    events: {
      [appendedEvent(store)]: () => host.wake(),
      [controlEvent(store)]: () => host.wake(),
      // What it waits for may just have come back.
      "$services.changed": () => host.wake(),
    },
    created(this: Service) {
      const { broker, logger } = this;
      warn = (message) => logger.warn(message);
      const clearCache = this["clearCache" as keyof Service] as () => Promise<void>;
      transforms = new Transforms(name, broker.nodeID, declared, transformCaller(broker));
      host = new AggregateHost({
        ...definition,
        transforms,
        source: eventSource(broker, definition),
        onCommit: () => {
          cacheVersion = newEventId();
          clearCache().catch((error: unknown) => logger.warn("The cache was not cleaned", error));
        },
        info: (message, details) => logger.info(message, details),
        warn: (message, details) => logger.warn(message, details),
      });
    },
    started: () => host.start(),
    stopped: () => host.stop(),
  };
  for (const [action, allowed] of Object.entries(visibility)) narrow(schema, action, allowed);
  return schema;
}

const withId = (fields: Fields): QueryFields =>
  new Map<string, { type: FieldType }>([["id", { type: "string" }], ...fields]);

const readerOf = (fields: QueryFields, rows: Rows): Reader => ({
  fields,
  find: (query) => rows.find(query),
  count: (query) => rows.count(query),
  findByIds: (ids) => rows.findByIds(ids),
});

const isAvailable = (broker: ServiceBroker, action: string): boolean => broker.registry.actions.isAvailable(action);

function eventSource(broker: ServiceBroker, { name, store, mappings }: Definition): EventSource {
  const consumer = `aggregate/${name}`;
  const types = [...new Set(mappings.map(({ pattern }) => pattern))];
  return {
    async page(after, limit) {
      if (!isAvailable(broker, `${store}.page`))
        throw new StoreUnavailableError(store, "its service is not there (yet)");
      return broker.call(`${store}.page`, { consumer, after, limit, types });
    },
    event: (id) => broker.call(`${store}.get`, { id }),
    setControl: ({ paused }) => broker.call(`${store}.control`, { consumer, paused }),
  };
}

function transformCaller(broker: ServiceBroker): TransformCaller {
  const optionsFor = (event: RecordedEvent, token: FoldToken) => {
    const { correlationId } = event.meta;
    return { requestID: correlationId, meta: { $fold: token, correlationId, causationId: event.id } };
  };
  return {
    async callAction(name, event, token) {
      // Asked first, since the broker logs a warning for every call of an action that is not there.
      if (!isAvailable(broker, name)) throw new Errors.ServiceNotFoundError({ action: name });
      return broker.call(name, event, optionsFor(event, token));
    },
    newContext: (event, token) => {
      const { requestID, meta } = optionsFor(event, token);
      return Object.assign(new broker.ContextFactory(broker), { requestID, meta, params: event });
    },
  };
}
