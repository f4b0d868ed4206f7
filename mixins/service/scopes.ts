import type { ActionHandler, Context, Service } from "moleculer";
import { InvalidQueryError, ValidationError } from "../../core/errors/errors.ts";
import type { Problem } from "../../core/errors/problem.ts";
import { didYouMean } from "../../core/options/near-name.ts";
import { assertDefinition, assertOptions, isPlainObject } from "../../core/options/options.ts";
import { matchesCondition } from "../../core/query/matches-condition.ts";
import { parseQuery, type QueryFields, type QueryParams } from "../../core/query/query.ts";

/** What an action's handler gets: its params and meta are the service's own. */
type CallContext = Parameters<ActionHandler>[0];

/** A query, or a function that answers one for the call: for its user, say. It may also change the object that it gets. */
export type Scope =
  | Record<string, unknown>
  | ((
      query: Record<string, unknown>,
      ctx: CallContext,
      params: object,
    ) => object | undefined | void | Promise<object | undefined | void>);

/** As in @moleculer/database. */
export interface ScopeSettings {
  /** Named queries: `{ open: { status: "open" }, own: (query, ctx) => ({ owner: ctx.meta.user.id }) }`. */
  scopes?: Record<string, Scope>;
  /** The scopes of each call that does not name others, or `scope: false`. */
  defaultScopes?: string[];
}

type Given = { [Name in keyof ScopeSettings]: ScopeSettings[Name] | undefined };

/** A method of the table's service. A default scope that may not be removed stays. Default: everything is allowed. */
export interface ScopeAuthority {
  checkScopeAuthority?(
    ctx: CallContext,
    name: string,
    operation: "add" | "remove",
    scope: Scope,
  ): boolean | Promise<boolean>;
}

type Params = QueryParams & { scope?: unknown };

/** The scopes of a table. They narrow what a call finds, together with its own query. */
export class Scopes {
  readonly #owner: string;
  readonly #fields: QueryFields;
  readonly #all: ReadonlyMap<string, Scope>;
  readonly #byDefault: readonly string[];

  /** @throws DefinitionError */
  constructor(owner: string, fields: QueryFields, { scopes = {}, defaultScopes = [] }: Given) {
    this.#owner = owner;
    this.#fields = fields;
    assertOptions(`${owner}.scopes`, scopes, "an object: {<name>: <query or function>}");
    this.#all = new Map(Object.entries(scopes));
    for (const [name, scope] of this.#all) this.#assertScope(`${owner}.scopes.${name}`, scope);
    assertDefinition(
      Array.isArray(defaultScopes),
      `${owner}.defaultScopes`,
      defaultScopes,
      "an array of scopes' names",
    );
    for (const [index, name] of defaultScopes.entries())
      assertDefinition(this.#all.has(name), `${owner}.defaultScopes.${index}`, name, this.#expected(name));
    this.#byDefault = defaultScopes;
  }

  /** Whether the same params may find other rows for another caller. */
  dependOnCaller(authority: object): boolean {
    return "checkScopeAuthority" in authority || [...this.#all.values()].some((scope) => typeof scope === "function");
  }

  /** The params with a query that also has the scopes. @throws ValidationError for a scope that the table does not have */
  async applied<Given extends Params>(service: Service, ctx: Context, params: Given): Promise<Given> {
    const names = await this.#named(service as unknown as ScopeAuthority, ctx, params.scope);
    if (names.length === 0) return params;
    const queries = await Promise.all(names.map((name) => this.#queryOf(this.#all.get(name)!, service, ctx, params)));
    const { query } = params;
    return { ...params, query: { $and: [...((query ?? null) === null ? [] : [query]), ...queries] } };
  }

  /** Keeps the documents that the scopes contain. */
  async among<Found extends object>(service: Service, ctx: Context, scope: unknown, found: Found[]): Promise<Found[]> {
    const { where } = parseQuery(this.#fields, await this.applied<Params>(service, ctx, { scope }));
    return where ? found.filter((document) => matchesCondition(where, document)) : found;
  }

  async #named(service: ScopeAuthority, ctx: Context, given: unknown): Promise<string[]> {
    const asked = this.#parse(given);
    const may = async (name: string, operation: "add" | "remove") =>
      (await service.checkScopeAuthority?.(ctx, name, operation, this.#all.get(name)!)) ?? true;
    const kept: string[] = [];
    if (asked)
      for (const name of this.#byDefault) if (!asked.includes(name) && !(await may(name, "remove"))) kept.push(name);
    for (const name of asked ?? [])
      if (!this.#byDefault.includes(name) && !(await may(name, "add")))
        this.#refuse(name, "a scope that the caller may use");
    return [...(asked ?? this.#byDefault), ...kept];
  }

  /** The names that a call asks for; null for the default. */
  #parse(given: unknown): string[] | null {
    if (given === undefined || given === null || given === true || given === "true" || given === "") return null;
    if (given === false || given === "false") return [];
    const names: unknown[] = [given].flat();
    for (const name of names)
      if (typeof name !== "string" || !this.#all.has(name)) this.#refuse(name, this.#expected(name));
    return [...new Set(names as string[])];
  }

  async #queryOf(scope: Scope, service: Service, ctx: Context, params: Params): Promise<object> {
    if (typeof scope !== "function") return scope;
    const query = {};
    return (await scope.call(service, query, ctx, params)) ?? query;
  }

  #refuse(found: unknown, expected: string): never {
    throw new ValidationError([{ field: "scope", found, expected }]);
  }

  #expected(name: unknown): string {
    const all = [...this.#all.keys()];
    if (all.length === 0) return `none: ${this.#owner} has no scopes`;
    return `false, or one of the scopes ${all.join(", ")}${typeof name === "string" ? didYouMean(name, all) : ""}`;
  }

  #assertScope(field: string, scope: unknown): void {
    assertDefinition(typeof scope === "function" || isPlainObject(scope), field, scope, "a query, or a function");
    if (typeof scope === "function") return;
    try {
      parseQuery(this.#fields, { query: scope });
    } catch (error) {
      const { field: at = "query", found = scope, expected = "a query" } = problemOf(error);
      assertDefinition(false, `${field}${at.replace(/^query/, "")}`, found, expected);
    }
  }
}

/** What a refused query has in its data. */
function problemOf(error: unknown): Partial<Problem> {
  if (!(error instanceof InvalidQueryError)) throw error;
  return (error.data as Problem[])[0] ?? {};
}
