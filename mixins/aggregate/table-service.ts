import type {
  ActionHandler,
  ActionSchema,
  Context,
  EventSchemas,
  ServiceHooks,
  ServiceMethods,
  ServiceSchema,
  ServiceSettingSchema,
} from "moleculer";
import { assertDefinition, assertOptions, isPlainObject } from "../../core/options/options.ts";
import type { TableActionName } from "../service/action-names.ts";
import type { UntypedActionOptions } from "../service/action-options.ts";
import { parseActions, type ActionOverride, type ActionOverrides } from "../service/action-overrides.ts";
import { readMethodNames } from "../service/read-actions.ts";
import type { ScopeAuthority, Scopes } from "../service/scopes.ts";
import { dbSettings } from "./db-settings.ts";

type OneOrMore<One> = One | One[];

/** moleculer-db's methods for the queries of a service's own actions. Their params are those of the action that they name. */
export interface TableMethods {
  _find(ctx: Context, params: object): Promise<Record<string, unknown>[]>;
  _list(ctx: Context, params: object): Promise<Record<string, unknown>>;
  _count(ctx: Context, params: object): Promise<number>;
  _get(ctx: Context, params: object): Promise<unknown>;
}

/** moleculer-db's methods that the service of a table may replace. */
export interface ReplaceableMethods extends ScopeAuthority {
  /** The id that callers see. */
  encodeID?(id: string): string;
  /** The row's id, of one that a caller sends. */
  decodeID?(id: unknown): unknown;
}

type Settings = ServiceSettingSchema & Record<string, unknown>;
/** Moleculer's own type of a service knows its methods no better. */
type Self = TableMethods & ThisParameterType<Exclude<NonNullable<ServiceSchema<Settings>["created"]>, unknown[]>>;

/**
 * What an aggregate adds to the service of its table, as a service's schema adds to its mixins: Moleculer merges them. `false`
 * for one of the table's actions removes it.
 */
export interface TableService {
  settings?: Settings;
  metadata?: Record<string, unknown>;
  dependencies?: NonNullable<ServiceSchema["dependencies"]>;
  mixins?: Partial<ServiceSchema>[];
  hooks?: ServiceHooks<Self>;
  actions?: { [Name in TableActionName]?: ActionOverride | false } & {
    [name: string]: (ActionSchema<Self> & UntypedActionOptions) | ActionHandler<Self> | false;
  };
  methods?: ServiceMethods & ReplaceableMethods & ThisType<Self>;
  events?: EventSchemas<Self>;
  created?: OneOrMore<(this: Self) => void>;
  started?: OneOrMore<(this: Self) => void | Promise<void>>;
  stopped?: OneOrMore<(this: Self) => void | Promise<void>>;
}

/** A checked service of a table, as Moleculer merges it. */
export type TableExtension = Partial<ServiceSchema>;

const replaceable: readonly string[] = ["encodeID", "decodeID"] satisfies (keyof ReplaceableMethods)[];
/** moleculer-db's settings on which the table relies, or which have no meaning without writes. */
const ownSettings = ["idField", "entityValidator", "useDotNotation", "cacheCleanEventType"];

/** A schema and all of its mixins. */
const withMixins = (schema: TableExtension): TableExtension[] => [
  schema,
  ...[schema.mixins ?? []].flat().flatMap((mixin) => (isPlainObject(mixin) ? withMixins(mixin) : [])),
];

/** @throws DefinitionError for what would replace a part of the table. Its actions are checked when it is mixed in. */
export function parseTableService(owner: string, given: unknown): TableExtension | undefined {
  if (given === undefined) return undefined;
  const at = `${owner}.service`;
  assertOptions(at, given, "a part of a service's schema: { settings, hooks, actions, methods, events, … }");
  const service = given as TableExtension & { rest?: unknown };
  const { name, rest } = service;
  assertDefinition(name === undefined, `${at}.name`, name, "none: the service has the name of the table");
  assertDefinition(rest === undefined, `${at}.rest`, rest, "settings: { rest }");
  for (const schema of withMixins(service)) assertKeepsTable(at, schema);
  return service;
}

function assertKeepsTable(at: string, schema: TableExtension & { adapter?: unknown }): void {
  const { version, adapter, settings = {}, metadata = {}, methods = {}, actions = {} } = schema;
  assertDefinition(version === undefined, `${at}.version`, version, "none: other nodes call the table by its name");
  assertDefinition(adapter === undefined, `${at}.adapter`, adapter, "the option adapter of the aggregate");
  for (const [part, found] of Object.entries({ settings, metadata, methods, actions }))
    assertOptions(`${at}.${part}`, found, "an object");
  for (const setting of Object.keys(settings)) {
    const isOption = (dbSettings as readonly string[]).includes(setting);
    const expected = isOption ? `the option ${setting} of the aggregate` : "none: the table has its own";
    assertDefinition(!isOption && !ownSettings.includes(setting), `${at}.settings.${setting}`, setting, expected);
  }
  for (const field of Object.keys(metadata as object))
    assertDefinition(!field.startsWith("$"), `${at}.metadata.${field}`, field, 'a name that does not begin with "$"');
  for (const method of Object.keys(methods)) {
    const isOwn = method.startsWith("evs") || (readMethodNames.includes(method) && !replaceable.includes(method));
    assertDefinition(!isOwn, `${at}.methods.${method}`, method, "another name: the table has a method of this name");
  }
  for (const action of Object.keys(actions))
    assertDefinition(!action.startsWith("$"), `${at}.actions.${action}`, action, 'a name that does not begin with "$"');
}

/** Whether an answer may depend on the caller: hooks change params and results, and a scope may be the caller's. */
export const isPerCaller = (service: TableExtension, scopes: Scopes): boolean =>
  withMixins(service).some(({ hooks, methods = {} }) => hooks !== undefined || scopes.dependOnCaller(methods)) ||
  scopes.dependOnCaller({});

/**
 * Separates the options of the table's actions from the actions of the service itself. The options are those of `actions`:
 * one place for each.
 * @throws DefinitionError for a handler or params of an action of the table, or options in both places
 */
export function splitActions(
  owner: string,
  { actions = {}, ...service }: TableExtension,
  names: readonly string[],
  others: ActionOverrides,
): { service: TableExtension; overrides: ActionOverrides; disabled: string[] } {
  const ofTable = Object.entries(actions).filter(([name]) => names.includes(name));
  const disabled = ofTable.filter(([, action]) => action === false).map(([name]) => name);
  for (const [name] of ofTable) {
    const twice = others[name];
    assertDefinition(twice === undefined, `${owner}.service.actions.${name}`, twice, `either this or actions.${name}`);
  }
  const given = Object.fromEntries(ofTable.filter(([, action]) => action !== false));
  const overrides = { ...others, ...parseActions(`${owner}.service`, given) };
  const own = Object.fromEntries(Object.entries(actions).filter(([name]) => !names.includes(name)));
  return { service: { ...service, actions: own }, overrides, disabled };
}
