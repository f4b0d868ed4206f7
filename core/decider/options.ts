import { described } from "../errors/problem.ts";
import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { formerName, readRules } from "../catalogue/stored-types.ts";
import type { Command, DeciderDefinition } from "./decider.ts";
import { parseClaims, type ClaimsInput } from "./claim-options.ts";
import { DefinitionError } from "../errors/errors.ts";
import { eventTypeProblem, kindOf, unknownType } from "../event/event-type.ts";
import { isProblem, toJson } from "../json/json.ts";
import { isLiteral, isPlainObject, assertKnownOptions, assertDefinition, synchronous } from "../options/options.ts";
import { paramsOf } from "../catalogue/payload-schema.ts";
import { isStandardSchema } from "../catalogue/standard-schema.ts";
import { idRule } from "../event/params-id.ts";
import { categoryFor, streamOf } from "../event/stream-name.ts";

/** The actions that every decider has beside its commands, and names for those to come. */
export const reservedCommands = [
  "state",
  "history",
  "dryRun",
  "claims",
  "explain",
  "forget",
  "status",
  "trace",
  "verify",
];

type Functions = Readonly<Record<string, unknown>>;

/** A decider's options before they are checked. */
export interface DeciderInput {
  stream?: unknown;
  initialState: unknown;
  commands: Readonly<Record<string, { params?: unknown; decide: unknown }>>;
  evolve: Functions;
  stateSnapshots?: { every: unknown; version?: unknown } | undefined;
  claims?: ClaimsInput | undefined;
  conflictRetries?: unknown;
}

/** Checks a decider's options. @throws DefinitionError naming the option and the problem */
export function parseDecider(name: string, input: DeciderInput, catalogue: Catalogue): DeciderDefinition {
  const {
    stream = (id: string) => streamOf(name, id),
    initialState,
    stateSnapshots,
    claims = {},
    conflictRetries = 10,
  } = input;
  const evolve = parseEvolve(`${name}.evolve`, input.evolve, catalogue);
  const version = stateSnapshots?.version;
  if (stateSnapshots !== undefined) {
    assertDefinition(isPlainObject(stateSnapshots), `${name}.stateSnapshots`, stateSnapshots, "{every, version?}");
    assertKnownOptions(`${name}.stateSnapshots`, stateSnapshots, ["every", "version"]);
    assertDefinition(
      isWhole(stateSnapshots.every, 1),
      `${name}.stateSnapshots.every`,
      stateSnapshots.every,
      "a whole number from 1",
    );
    const isVersion = version === undefined || typeof version === "string" || Number.isFinite(version);
    assertDefinition(isVersion, `${name}.stateSnapshots.version`, version, "a string or a number");
  }
  assertDefinition(isWhole(conflictRetries, 0), `${name}.conflictRetries`, conflictRetries, "a whole number from 0");
  const functions = [initialState, ...Object.entries(input.evolve).flat()].map(String);
  const { schemaVersions, readAs } = readRules(catalogue, (type) => evolve.has(type));
  const ownStream = synchronous(`${name}.stream`, stream) as (id: string) => string;
  const definition = {
    name,
    category: input.stream === undefined ? categoryFor(name) : null,
    streamOf: ownStream,
    initialState: synchronous(`${name}.initialState`, initialState),
    commands: parseCommands(`${name}.commands`, input.commands),
    evolve,
    claims: parseClaims({ name, streamOf: ownStream, types: [...evolve.keys()], catalogue }, claims),
    catalogue,
    snapshotEvery: (stateSnapshots?.every as number | undefined) ?? null,
    fingerprint: fingerprintOf(version, functions, [...schemaVersions, ...readAs]),
    conflictRetries: conflictRetries as number,
    isFreezing: process.env["NODE_ENV"] !== "production",
  };
  const state = definition.initialState();
  const field = `${name}.initialState`;
  assertDefinition(state !== undefined, field, state, "a function that returns a state");
  if (stateSnapshots && !isPlainJson(state))
    throw new DefinitionError({
      field,
      found: state,
      expected: "a state of plain JSON (no Map, Set, Date, class or undefined field), so that snapshots can store it",
    });
  return definition;
}

/** Whether a value survives JSON unchanged. */
export function isPlainJson(value: unknown): boolean {
  const json = toJson("state", value);
  return !isProblem(json) && isDeepStrictEqual(json.value, value);
}

function parseCommands(at: string, input: DeciderInput["commands"]): Map<string, Command> {
  assertDefinition(isPlainObject(input), at, input, "{<command>: {params, decide}}");
  const commands = new Map<string, Command>();
  for (const [name, given] of Object.entries(input)) {
    const field = `${at}.${name}`;
    const isName = /^[\p{L}_][\p{L}\p{N}_$.-]*$/u.test(name) && !reservedCommands.includes(name);
    const expected = `the name of an action that does not begin with "$", other than the reserved ${reservedCommands.join(", ")}`;
    assertDefinition(isName, field, name, expected);
    assertDefinition(isPlainObject(given), field, given, "{params, decide}");
    assertDefinition(
      typeof given.decide === "function",
      `${field}.decide`,
      given.decide,
      "a function (state, command)",
    );
    assertDefinition(!("handler" in given), `${field}.handler`, described("a handler"), "decide in its place");
    commands.set(name, {
      ...parseParams(`${field}.params`, given.params),
      decide: (state, command, ctx) => (given.decide as (...args: unknown[]) => unknown)(state, command, ctx),
    });
  }
  assertDefinition(commands.size > 0, at, input, "at least one command");
  return commands;
}

function parseParams(field: string, input: unknown): Pick<Command, "params" | "givenParams"> {
  if (input === undefined) return { params: { $$strict: true, id: idRule }, givenParams: undefined };
  // A Standard Schema needs no rules of this package's.
  if (isStandardSchema(input)) return { params: undefined, givenParams: input };
  const isParams = isPlainObject(input) && !("$$root" in (input as object));
  assertDefinition(isParams, field, input, "rules by the names of the params, or a Standard Schema");
  const givenParams = input as object;
  if (!isLiteral(givenParams)) return { params: givenParams as Command["params"], givenParams };
  return { params: { id: idRule, ...paramsOf(givenParams) }, givenParams };
}

function parseEvolve(at: string, input: Functions, catalogue: Catalogue) {
  const { entries, unknownTypes } = catalogue;
  assertDefinition(isPlainObject(input), at, input, "{<event type>: (state, event) => state}");
  const types = unknownTypes === "refuse" ? [...entries.keys()] : null;
  const evolve = new Map<string, DeciderDefinition["evolve"] extends ReadonlyMap<string, infer Case> ? Case : never>();
  for (const [type, given] of Object.entries(input)) {
    const problem = eventTypeProblem(at, type) ?? formerName(at, type, catalogue) ?? unknownType(at, type, types);
    if (problem) throw new DefinitionError(problem);
    evolve.set(type, synchronous(`${at}["${type}"]`, given) as (state: unknown, event: unknown) => unknown);
  }
  const kinds = new Set([...evolve.keys()].map(kindOf));
  const missing = [...entries.keys()].filter((type) => kinds.has(kindOf(type)) && !evolve.has(type));
  if (missing.length > 0)
    throw new DefinitionError({
      field: at,
      found: described(`no case for ${missing.join(", ")} of the store's catalogue`),
      expected: "one for each type; (state) => state if it changes nothing",
    });
  return evolve;
}

/** With a version, the texts of functions are no part of it. */
function fingerprintOf(
  version: unknown,
  functions: readonly string[],
  rules: readonly (readonly [type: string, rule: number | string])[],
): string {
  const read = rules.flat().map(String);
  if (version === undefined) return hash([...functions, ...read]);
  return `version ${JSON.stringify(version)}${read.length > 0 ? `, schemas ${hash(read)}` : ""}`;
}

const isWhole = (given: unknown, least: number) => Number.isSafeInteger(given) && (given as number) >= least;

const hash = (parts: readonly string[]) => createHash("sha256").update(JSON.stringify(parts)).digest("hex");
