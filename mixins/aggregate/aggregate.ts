import { described } from "../../core/errors/problem.ts";
import type { ServiceSchema } from "moleculer";
import { adapterOn, resolveAdapter, type Adapter, type Engines } from "../../core/adapter.ts";
import type { Catalogue } from "../../core/catalogue/catalogue.ts";
import { describeDefinition } from "../../core/rows/definition.ts";
import { DefinitionError } from "../../core/errors/errors.ts";
import {
  parseFields,
  type Fields as ParsedFields,
  type FieldsInput,
  type RowInput,
  type RowOf,
} from "../../core/rows/fields.ts";
import type { Mapping, Operation } from "../../core/rows/mapping.ts";
import { assertKnownOptions } from "../../core/options/options.ts";
import type { AnyEvents, EventMap, EventOf, Matching } from "../../core/event/recorded-event.ts";
import { nameProblem } from "../../core/event/stream-name.ts";
import { unknownType } from "../../core/event/event-type.ts";
import type { OnChange } from "./rebuild/definition-change.ts";
import { dbSettings, refuseWrongDbSettings, type DbSettings } from "./db-settings.ts";
import { aggregateService } from "./service.ts";
import { refuseNoStore, serviceName, type EventStore } from "../event-store/event-store.ts";
import { parsePolicy, type ErrorPolicy } from "../consumer/error-policy.ts";
import type { Mixin } from "../service/mixin.ts";
import { transformsWithoutParams } from "../observability/spans.ts";
import { companionMixin, type Companion } from "../service/companion.ts";
import { parseSnapshots, type SnapshotOptions } from "./snapshots/options.ts";
import type { Transform, TransformView } from "./fold/transform.ts";
import { parseVisibilities, type Visibilities } from "../service/visibility.ts";

export interface AggregateOptions<Events extends EventMap, Fields extends FieldsInput> extends DbSettings {
  eventStore: EventStore<Events>;
  /** The columns of the table: a type, or `{type, index, unique, required}`. Every row has an `id` besides. */
  fields: Fields;
  /** Where the table lives: a connection string or an adapter. Default: a SQLite file beside the store's. */
  adapter?: string | Adapter;
  /** What happens to an event that cannot be folded. */
  onError?: Partial<ErrorPolicy>;
  /** How long a read waits for the table to catch up with what its caller has written, in milliseconds. Default 5000. */
  readAfterTimeoutMs?: number;
  /**
   * The author's word for what the transforms do: raise it when they fold other rows. Where it is given, nobody looks at
   * the source of function transforms; of action transforms only the names are known, so it is their only way to say so.
   */
  version?: string | number;
  /**
   * What happens at a start with another definition (event types, operations, transforms, fields) than the one that the
   * table was folded by. `"rebuild"`, the default: a new table is folded beside the old one, which answers until then.
   * `"warn"`, the default where NODE_ENV is production: it is said in log and status, and "rebuild" does it when you
   * call it; until then the table is folded on, unless its fields are others. `"refuse"`: the node does not start.
   */
  onChange?: OnChange;
  /** Where its snapshots stand, and how many of them; false: it has none. */
  snapshots?: SnapshotOptions | false;
  /** Narrows who may call an action of the aggregate's service: `{ skip: "protected" }`. */
  visibility?: Visibilities;
}

type Awaitable<Value> = Value | Promise<Value>;

type TransformTo<Events extends EventMap, Fields extends FieldsInput, Type extends string, Answer> =
  | string
  | ((event: EventOf<Events, Matching<Events, Type>>, view: TransformView<RowOf<Fields>>) => Awaitable<Answer | null>);

/** What follows `.on(type)`. A transform is an action's name or a function; null as its answer changes nothing. */
export interface OnType<Events extends EventMap, Fields extends FieldsInput, Type extends string> {
  /** One new row; its id must be new, else it is an error of the event. */
  create(transform: TransformTo<Events, Fields, Type, RowInput<Fields>>): Aggregate<Events, Fields>;
  /** Several new rows. */
  createMany(transform: TransformTo<Events, Fields, Type, RowInput<Fields>[]>): Aggregate<Events, Fields>;
  /** Merges fields into the row with the answer's `id`; makes one where there is none. */
  update(transform: TransformTo<Events, Fields, Type, RowInput<Fields>>): Aggregate<Events, Fields>;
  updateMany(transform: TransformTo<Events, Fields, Type, RowInput<Fields>[]>): Aggregate<Events, Fields>;
  /** Removes the rows of an id, a row, or an array of them; absent ones are fine. */
  remove(transform: TransformTo<Events, Fields, Type, Removal | Removal[]>): Aggregate<Events, Fields>;
}

/** An event type with Moleculer's wildcards. */
export type Wildcard = `${string}*${string}` | `${string}?${string}`;

export type Removal = string | { id: string };

/** How the rows of an aggregate are folded: what there is to know of it without a broker. */
export interface FoldDefinition {
  readonly fields: ParsedFields;
  readonly mappings: readonly Mapping<Transform>[];
  /** By which the store reads its events. */
  readonly catalogue: Catalogue;
  /** How long a transform may take. */
  readonly timeoutMs: number;
}

/** A read table folded from events. */
export interface Aggregate<Events extends EventMap = AnyEvents, Fields extends FieldsInput = FieldsInput> {
  readonly name: string;
  /** As they were declared: `RowOf<typeof aggregate>` is the type of a row. */
  readonly fields: Fields;
  /** For tests of its transforms. */
  readonly definition: FoldDefinition;
  /**
   * Binds an event type, which may hold Moleculer's wildcards, to what it does to the table. Mappings of one type run in
   * the order of their declaration.
   *
   * @example .on("property.created").create((event) => event.payload)
   */
  on<Type extends (keyof Events & string) | Wildcard>(type: Type): OnType<Events, Fields, Type>;
  /** What a service mixes in; from here on the mappings are fixed. */
  mixin(): Mixin;
}

/** The aggregates' factory over these engines. */
export function aggregateOn(engines: Engines) {
  /**
   * Defines a read table that is folded from a store's events. Its mixin makes one service called `name` with
   * moleculer-db's read actions.
   *
   * @example Aggregate("propertyAggregate", { eventStore: events, fields: { name: "string" } }).on("property.created").create("property.transform")
   * @throws DefinitionError, UnknownAdapterError
   */
  return function Aggregate<Events extends EventMap, const Fields extends FieldsInput>(
    name: string,
    options: AggregateOptions<Events, Fields>,
  ): Aggregate<Events, Fields> {
    const refuse = (field: string, found: unknown, expected: string): never => {
      throw new DefinitionError({ field, found, expected });
    };
    if (typeof name !== "string" || !serviceName.test(name))
      refuse("Aggregate.name", name, "a service name of 1 to 100 letters, digits, _ - and .");
    assertKnownOptions(name, options, [
      "eventStore",
      "fields",
      "adapter",
      "onError",
      "readAfterTimeoutMs",
      "version",
      "onChange",
      "visibility",
      "snapshots",
      ...dbSettings,
    ]);
    const {
      eventStore,
      fields: declared,
      adapter: given,
      onError = {},
      readAfterTimeoutMs = 5000,
      version,
      onChange = process.env["NODE_ENV"] === "production" ? "warn" : "rebuild",
      visibility: givenVisibility,
      snapshots = {},
      ...settings
    } = options;
    refuseNoStore(name, eventStore);
    const visibility = parseVisibilities(name, givenVisibility);
    const fields = parseFields(name, declared);
    refuseWrongDbSettings(name, settings, Object.keys(declared));
    const place = given === undefined ? (eventStore.adapter.beside?.(name) ?? engines.byDefault(name)) : given;
    const adapter = resolveAdapter(engines, place);
    if (!adapter.readTable) refuse(`${name}.adapter`, adapter.engine, "an engine that keeps read tables");
    if (adapter.location === eventStore.adapter.location && !adapter.keepsApart)
      refuse(`${name}.adapter`, adapter.location, "another place than the event store's");
    if (!Number.isSafeInteger(readAfterTimeoutMs) || readAfterTimeoutMs < 1)
      refuse(`${name}.readAfterTimeoutMs`, readAfterTimeoutMs, "a whole number from 1");
    if (version !== undefined && typeof version !== "string" && !Number.isFinite(version))
      refuse(`${name}.version`, version, "a string or a number");
    if (!["rebuild", "warn", "refuse"].includes(onChange))
      refuse(`${name}.onChange`, onChange, '"rebuild", "warn" or "refuse"');
    const policy = parsePolicy(name, onError);
    const snapshotOptions = parseSnapshots(name, snapshots);
    const mappings: Mapping<Transform>[] = [];
    let isFixed = false;

    const map = (pattern: string, operation: Operation, transform: unknown): Aggregate<Events, Fields> => {
      if (isFixed) refuse(`${name}.on("${pattern}")`, operation, "every mapping to be declared before mixin()");
      if (typeof transform !== "function" && (typeof transform !== "string" || transform === ""))
        refuse(`${name}.on("${pattern}").${operation}`, transform, "a transform: an action's name or a function");
      mappings.push({ pattern, operation, transform: transform as Transform });
      return aggregate;
    };
    const companion: Companion = {
      name,
      kind: "aggregate",
      dependsOn: eventStore.name,
      conflictWith: (other) => (other === companion ? null : "is another aggregate's name on this broker already"),
      schema: (broker) => {
        const place = adapterOn(broker, adapter, name);
        return aggregateService({
          name,
          store: eventStore.name,
          leaseMs: eventStore.leaseMs,
          table: place.readTable!(name),
          fields,
          mappings,
          policy,
          readAfterTimeoutMs,
          definition: describeDefinition({ fields, mappings, version }),
          onChange,
          settings,
          visibility,
          // A folder holds snapshots of the table that was defined with it, of no other.
          snapshots: snapshotOptions && (place === adapter ? snapshotOptions : {}),
        });
      },
    };
    const aggregate: Aggregate<Events, Fields> = {
      name,
      fields: declared,
      definition: { fields, mappings, catalogue: eventStore.catalogue, timeoutMs: policy.timeoutMs },
      on: (pattern) => {
        const problem =
          nameProblem(`${name}.on(type)`, pattern) ?? unknownType(`${name}.on(type)`, pattern, eventStore.types);
        if (problem) throw new DefinitionError(problem);
        return {
          create: (transform) => map(pattern, "create", transform),
          createMany: (transform) => map(pattern, "createMany", transform),
          update: (transform) => map(pattern, "update", transform),
          updateMany: (transform) => map(pattern, "updateMany", transform),
          remove: (transform) => map(pattern, "remove", transform),
        };
      },
      mixin: () => {
        if (mappings.length === 0)
          refuse(`${name}.mixin()`, described("no mapping"), "at least one .on(type) before it");
        isFixed = true;
        const transforms = mappings.map(({ transform }) => transform);
        const merged = (schema: ServiceSchema) => transformsWithoutParams(schema, transforms);
        return Object.assign(companionMixin(companion), { merged });
      },
    };
    return aggregate;
  };
}
