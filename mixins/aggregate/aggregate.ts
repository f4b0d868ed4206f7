import { described } from "../../core/errors/problem.ts";
import type { ServiceSchema } from "moleculer";
import { adapterOn, resolveAdapter, type Engines } from "../../core/adapter.ts";
import type { Catalogue } from "../../core/catalogue/catalogue.ts";
import { readRules } from "../../core/catalogue/stored-types.ts";
import { describeDefinition } from "../../core/rows/definition.ts";
import { DefinitionError } from "../../core/errors/errors.ts";
import { parseFields, type Fields as ParsedFields, type FieldsInput, type RowInput } from "../../core/rows/fields.ts";
import type { Mapping, Operation } from "../../core/rows/mapping.ts";
import type { AnyEvents, EventMap } from "../../core/event/recorded-event.ts";
import { typeMatcher } from "../../core/event/type-pattern.ts";
import { dbSettings, assertDbSettings } from "./db-settings.ts";
import type { AggregateOptions } from "./options.ts";
import { noMapping } from "./no-mapping.ts";
import { aggregateService } from "./service.ts";
import { assertStore } from "../event-store/event-store.ts";
import { serviceName } from "../service/service-name.ts";
import { parseFormerName, storedName } from "../consumer/former-name.ts";
import { parseStartPlace } from "../consumer/start-from.ts";
import { parsePolicy } from "../consumer/error-policy.ts";
import { mappedTypeProblem } from "../service/mapped-type.ts";
import { noMixin, type Mixin } from "../service/mixin.ts";
import { transformsWithoutParams } from "../observability/spans.ts";
import { companionMixin, type Companion } from "../service/companion.ts";
import { queryFieldsOf } from "../../core/query/query.ts";
import { Scopes } from "../service/scopes.ts";
import { parseTableService } from "./table-service.ts";
import { parseSnapshots } from "./snapshots/options.ts";
import type { Transform } from "./fold/transform.ts";
import type { DeclaredRows, TransformTo } from "./transform-to.ts";
import { assertKnownMixinOptions, parseActions } from "../service/action-overrides.ts";

const entityRow = (_: unknown, { id }: { id: string }) => id;

/** The operations of `.on(type)`. A transform is an action's name or a function. If it returns null, nothing changes. */
export interface OnType<Events extends EventMap, Fields extends FieldsInput, Type extends string> {
  /** Creates one row. If a row with its id exists, the event fails. */
  create<Given = unknown>(
    transform:
      string | (Given & TransformTo<Events, Fields, Type, RowInput<Fields>> & DeclaredRows<NoInfer<Given>, Fields>),
  ): Aggregate<Events, Fields>;
  /** Creates several rows. */
  createMany<Given = unknown>(
    transform:
      string | (Given & TransformTo<Events, Fields, Type, RowInput<Fields>[]> & DeclaredRows<NoInfer<Given>, Fields>),
  ): Aggregate<Events, Fields>;
  /** Merges the returned fields into the row with the returned `id`. Creates the row if it does not exist. */
  update<Given = unknown>(
    transform:
      string | (Given & TransformTo<Events, Fields, Type, RowInput<Fields>> & DeclaredRows<NoInfer<Given>, Fields>),
  ): Aggregate<Events, Fields>;
  /** Updates several rows. */
  updateMany<Given = unknown>(
    transform:
      string | (Given & TransformTo<Events, Fields, Type, RowInput<Fields>[]> & DeclaredRows<NoInfer<Given>, Fields>),
  ): Aggregate<Events, Fields>;
  /**
   * Removes the entity's row or, with a transform, the rows that it returns: an id, a row, or an array of them. Rows that
   * do not exist are ignored.
   */
  remove(transform?: string | TransformTo<Events, Fields, Type, Removal | Removal[]>): Aggregate<Events, Fields>;
}

/** An event type with Moleculer's wildcards. */
export type Wildcard = `${string}*${string}` | `${string}?${string}`;

export type Removal = string | { id: string };

/** The definition of an aggregate's fold, independent of a broker. */
export interface FoldDefinition {
  readonly fields: ParsedFields;
  readonly mappings: readonly Mapping<Transform>[];
  /** The catalogue of the event store. */
  readonly catalogue: Catalogue;
  /** The timeout of a transform. */
  readonly timeoutMs: number;
}

/** A read table folded from events. */
export interface Aggregate<Events extends EventMap = AnyEvents, Fields extends FieldsInput = FieldsInput> {
  readonly name: string;
  /** The declared fields. `RowOf<typeof aggregate>` is the type of a row. */
  readonly fields: Fields;
  /** Used by the test kit. */
  readonly definition: FoldDefinition;
  /**
   * Maps an event type, which may contain Moleculer's wildcards, to an operation on the table. Mappings of one type run in
   * the order of their declaration.
   *
   * @example .on("property.created").create((event) => event.payload)
   */
  on<Type extends (keyof Events & string) | Wildcard>(type: Type): OnType<Events, Fields, Type>;
  /** The mixin for a service. No mapping can be added after this call. */
  mixin(): Mixin;
}

/** Creates the `Aggregate` factory for a set of engines. */
export function aggregateOn(engines: Engines) {
  /**
   * Defines a read table that is folded from a store's events. Its mixin creates one service called `name` with
   * moleculer-db's read actions.
   *
   * @example Aggregate("propertyAggregate", { eventStore: events, fields: { name: "string" } }).on("property.created").create("property.transform")
   * @throws DefinitionError, UnknownAdapterError
   */
  return function Aggregate<Events extends EventMap = AnyEvents, const Fields extends FieldsInput = FieldsInput>(
    name: string,
    options: AggregateOptions<Events, Fields>,
  ): Aggregate<Events, Fields> {
    const refuse = (field: string, found: unknown, expected: string): never => {
      throw new DefinitionError({ field, found, expected });
    };
    if (typeof name !== "string" || !serviceName.test(name))
      refuse("Aggregate.name", name, "a service name of 1 to 100 letters, digits, _ - and .");
    assertKnownMixinOptions(name, options, [
      "eventStore",
      "fields",
      "startFrom",
      "formerName",
      "adapter",
      "onError",
      "readAfterTimeoutMs",
      "definitionVersion",
      "onChange",
      "actions",
      "service",
      "scopes",
      "defaultScopes",
      "snapshots",
      ...dbSettings,
    ]);
    const {
      eventStore,
      fields: declared,
      startFrom: givenStart,
      formerName: givenName,
      adapter: given,
      onError = {},
      readAfterTimeoutMs = 5000,
      definitionVersion,
      onChange = "rebuild",
      actions: givenActions,
      service: givenService,
      scopes: givenScopes,
      defaultScopes,
      snapshots = {},
      ...settings
    } = options;
    assertStore(name, eventStore);
    const actions = parseActions(name, givenActions);
    const service = parseTableService(name, givenService);
    const stored = storedName({ name, formerName: parseFormerName(name, givenName) });
    const startFrom = givenStart === undefined ? undefined : parseStartPlace(name, givenStart);
    const fields = parseFields(name, declared);
    const scopes = new Scopes(name, queryFieldsOf(fields), { scopes: givenScopes, defaultScopes });
    assertDbSettings(name, settings, Object.keys(declared));
    const place = given === undefined ? (eventStore.adapter.beside?.(stored) ?? engines.byDefault(stored)) : given;
    const adapter = resolveAdapter(engines, place);
    if (!adapter.readTable) refuse(`${name}.adapter`, adapter.engine, "an engine that stores read tables");
    if (adapter.location === eventStore.adapter.location && !adapter.keepsApart)
      refuse(`${name}.adapter`, adapter.location, "a location other than the event store's");
    if (!Number.isSafeInteger(readAfterTimeoutMs) || readAfterTimeoutMs < 1)
      refuse(`${name}.readAfterTimeoutMs`, readAfterTimeoutMs, "a whole number from 1");
    if (definitionVersion !== undefined && typeof definitionVersion !== "string" && !Number.isFinite(definitionVersion))
      refuse(`${name}.definitionVersion`, definitionVersion, "a string or a number");
    if (!["rebuild", "warn", "refuse"].includes(onChange))
      refuse(`${name}.onChange`, onChange, '"rebuild", "warn" or "refuse"');
    const policy = parsePolicy(name, onError);
    const snapshotOptions = parseSnapshots(name, snapshots);
    const mappings: Mapping<Transform>[] = [];
    let isFixed = false;

    const map = (pattern: string, operation: Operation, transform: unknown): Aggregate<Events, Fields> => {
      if (isFixed) refuse(`${name}.on("${pattern}")`, operation, "all mappings declared before mixin()");
      if (typeof transform !== "function" && (typeof transform !== "string" || transform === ""))
        refuse(`${name}.on("${pattern}").${operation}`, transform, "a transform: an action's name or a function");
      mappings.push({ pattern, operation, transform: transform as Transform });
      return aggregate;
    };
    const companion: Companion = {
      name,
      kind: "read table",
      dependsOn: eventStore,
      storedName: stored,
      conflictWith: (other) =>
        other === companion ? null : "is already the name of another read table on this broker",
      schema: (broker) => {
        const place = adapterOn(broker, adapter, stored);
        const isMapped = typeMatcher(mappings.map(({ pattern }) => pattern));
        const rules = readRules(eventStore.catalogue, isMapped);
        return aggregateService({
          name,
          storedName: stored,
          store: eventStore.name,
          leaseMs: eventStore.leaseMs,
          catalogue: eventStore.catalogue,
          table: place.readTable!(stored),
          fields,
          mappings,
          policy,
          readAfterTimeoutMs,
          startFrom,
          definition: describeDefinition({ fields, mappings, ...rules, startFrom, definitionVersion }),
          onChange,
          settings,
          actions,
          scopes,
          service,
          // The `folder` option belongs to the table at the defined location. A table elsewhere uses its own default.
          snapshots: snapshotOptions && (place === adapter ? snapshotOptions : {}),
        });
      },
    };
    const aggregate: Aggregate<Events, Fields> = {
      ...noMixin("aggregate", name),
      name,
      fields: declared,
      definition: { fields, mappings, catalogue: eventStore.catalogue, timeoutMs: policy.timeoutMs },
      on: (pattern) => {
        const problem = mappedTypeProblem(`${name}.on(type)`, pattern, eventStore);
        if (problem) throw new DefinitionError(problem);
        return {
          ...noMapping(`${name}.on("${pattern}")`),
          create: (transform) => map(pattern, "create", transform),
          createMany: (transform) => map(pattern, "createMany", transform),
          update: (transform) => map(pattern, "update", transform),
          updateMany: (transform) => map(pattern, "updateMany", transform),
          remove: (transform = entityRow) => map(pattern, "remove", transform),
        };
      },
      mixin: () => {
        if (mappings.length === 0)
          refuse(`${name}.mixin()`, described("no mapping"), "at least one .on(type) before mixin()");
        isFixed = true;
        const transforms = mappings.map(({ transform }) => transform);
        const merged = (schema: ServiceSchema) => transformsWithoutParams(schema, transforms);
        return Object.assign(companionMixin(companion), { merged });
      },
    };
    return aggregate;
  };
}
