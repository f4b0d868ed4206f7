import { DefinitionError } from "../errors/errors.ts";
import { eventTypeProblem } from "../event/event-type.ts";
import { differences } from "../errors/differences.ts";
import { described, type Problem } from "../errors/problem.ts";
import { isPlainObject, assertDefinition, assertKnownOptions } from "../options/options.ts";
import { reserved } from "../options/reserved.ts";
import { changingOf, formerNamesIn, parseFormerNames, readAsOf, storedEntries } from "./former-names.ts";
import { payloadCheck, type PayloadCheck } from "./payload-check.ts";
import type { PayloadOf } from "./payload-of.ts";
import type { PayloadSchema, Undeclared } from "./payload-schema.ts";
import { isStandardSchema, jsonSchemaOf, type StandardSchema } from "./standard-schema.ts";
import { assertTargets, parseUpcasters, type EventUpcaster, type ParsedUpcaster, type Upcaster } from "./upcasters.ts";

/** The catalogue's entry for one event type. */
export interface EventDefinition {
  /** A fastest-validator schema of today's payload, or a Standard Schema (zod, valibot, arktype …). Default: any payload. */
  readonly payload?: PayloadSchema;
  /** The version of the payload's shape: 1, 2, 3 … Default 1. */
  readonly schemaVersion?: number;
  /**
   * Keyed by the version that they convert from: 1 converts a payload of version 1 to version 2, or an event to events of
   * other types.
   */
  readonly upcasters?: Readonly<Record<number, Upcaster | EventUpcaster>>;
  /** The names under which events of this type are stored, too. The numbering of their versions goes on. */
  readonly renamedFrom?: readonly string[];
}

/** Event type → definition. */
export type EventCatalogue = Readonly<Record<string, EventDefinition>>;

/** The event types of a catalogue with their payloads, inferred from its schemas. */
export type CatalogueEvents<Definitions extends EventCatalogue> = {
  -readonly [Type in keyof Definitions & string]: PayloadOf<Definitions[Type]["payload"]>;
};

/** Whether types without a catalogue entry are stored unchecked or refused. */
export type UnknownTypes = "accept" | "refuse";

export interface CatalogueEntry {
  /** Today's name of the type. */
  type: string;
  renamedFrom: readonly string[];
  schemaVersion: number;
  upcasters: ReadonlyMap<number, ParsedUpcaster>;
  /** The check of a payload that is stored now: fields that the schema does not declare are refused. */
  check: PayloadCheck;
  /** The check of a payload that is stored already, or of an older writer: it may have fields that are not declared. */
  checkStored: PayloadCheck;
  /** The schema as it was given; undefined: any payload. */
  payload: PayloadSchema | undefined;
}

/** A catalogue that passed every check. */
export interface Catalogue {
  /** By today's name of the type. */
  readonly entries: ReadonlyMap<string, CatalogueEntry>;
  /** By stored type, the entry of its events: by today's name and by former ones. */
  readonly stored: ReadonlyMap<string, CatalogueEntry>;
  /** The types as which stored events may be read, by stored type; only of types that may be read as another one. */
  readonly readAs: ReadonlyMap<string, ReadonlySet<string>>;
  /** The stored types whose events may be dropped, or read as events of another entry: only their upcasters know. */
  readonly changing: ReadonlySet<string>;
  /** What the events of a type were stored as before; only of types that have others: see `formerNamesIn`. */
  readonly formerNames: ReadonlyMap<string, readonly string[]>;
  /** By stored type that only a newer release knows, the former name by which this one knows it: see `withNewNames`. */
  readonly newNames: ReadonlyMap<string, string>;
  readonly unknownTypes: UnknownTypes;
  /** Equal for equal catalogues. */
  readonly fingerprint: string;
}

/** A store's catalogue; replaced if a later definition of the same store brings the first one. */
export interface CurrentCatalogue {
  current: Catalogue;
}

/** The differences between two catalogues that are not empty. */
export const catalogueChanges = (found: Catalogue, expected: Catalogue): Problem[] =>
  differences("", JSON.parse(found.fingerprint), JSON.parse(expected.fingerprint));

export const emptyCatalogue: Catalogue = {
  entries: new Map(),
  stored: new Map(),
  readAs: new Map(),
  changing: new Set(),
  formerNames: new Map(),
  newNames: new Map(),
  unknownTypes: "accept",
  fingerprint: "",
};

/** Stored in each event: a number beyond this is an error of the caller, and no catalogue could reach it. */
const maxSchemaVersion = 10_000;

export const isSchemaVersion = (found: unknown): found is number =>
  Number.isSafeInteger(found) && (found as number) >= 1 && (found as number) <= maxSchemaVersion;

export const schemaVersions = `a whole number from 1 to ${maxSchemaVersion}`;

/** @throws DefinitionError naming the event type and the problem */
export function parseCatalogue(
  owner: string,
  definitions: EventCatalogue | undefined,
  unknownTypes: UnknownTypes = "accept",
): Catalogue {
  const refuse = (field: string, found: unknown, expected: string): never => {
    throw new DefinitionError({ field: `${owner}.${field}`, found, expected });
  };
  if (unknownTypes !== "accept" && unknownTypes !== "refuse")
    refuse("unknownTypes", unknownTypes, '"accept" or "refuse"');
  if (definitions === undefined) {
    if (unknownTypes === "refuse") refuse("unknownTypes", unknownTypes, "a catalogue beside it: events");
    return emptyCatalogue;
  }
  if (!isPlainObject(definitions))
    refuse("events", definitions, "a catalogue: {<event type>: {payload, schemaVersion, upcasters, renamedFrom}}");
  const entries = new Map<string, CatalogueEntry>();
  for (const [type, definition] of Object.entries(definitions))
    entries.set(type, parseEntry(`${owner}.events`, type, definition));
  assertTargets(`${owner}.events`, entries);
  const stored = storedEntries(`${owner}.events`, entries);
  const fingerprint = textOf({ unknownTypes, events: definitions });
  return {
    entries,
    stored,
    readAs: readAsOf(entries, stored),
    changing: changingOf(stored),
    formerNames: formerNamesIn(entries),
    newNames: new Map(),
    unknownTypes,
    fingerprint,
  };
}

const options = ["payload", "schemaVersion", "upcasters", "renamedFrom"] as const;

function parseEntry(owner: string, type: string, definition: EventDefinition): CatalogueEntry {
  const at = `${owner}.${type}`;
  const problem = eventTypeProblem(at, type);
  if (problem) throw new DefinitionError(problem);
  if (!isObject(definition))
    throw new DefinitionError({ field: at, found: definition, expected: `{${options.join(", ")}}` });
  assertDefinition(!("personal" in definition), `${at}.personal`, described("personal"), reserved);
  assertKnownOptions(at, definition, options);
  const { payload, schemaVersion = 1, upcasters = {}, renamedFrom = [] } = definition;
  if (!isSchemaVersion(schemaVersion))
    throw new DefinitionError({
      field: `${at}.schemaVersion`,
      found: schemaVersion,
      expected: schemaVersions,
    });
  return {
    type,
    renamedFrom: parseFormerNames(`${at}.renamedFrom`, renamedFrom),
    schemaVersion,
    upcasters: parseUpcasters(`${at}.upcasters`, schemaVersion, upcasters),
    payload,
    check: checkOf(`${at}.payload`, payload, "refuse"),
    checkStored: checkOf(`${at}.payload`, payload, "accept"),
  };
}

const checkOf = (at: string, payload: PayloadSchema | undefined, undeclared: Undeclared): PayloadCheck =>
  payload === undefined ? (_at, json) => json : payloadCheck(at, payload, undeclared);

const isObject = (given: unknown): given is object =>
  given !== null && typeof given === "object" && !Array.isArray(given);

const shownSchema = (schema: StandardSchema) => ({
  library: schema["~standard"].vendor,
  // Parsed again: zod's JSON Schema is a Standard Schema itself.
  schema: JSON.parse(JSON.stringify(jsonSchemaOf(schema, "input"))) as unknown,
});

/**
 * Writes functions and patterns as their source, and a circular reference as a fixed text. A Standard Schema is written as
 * its library's name and its JSON Schema, if the library makes one: its members are the library's own, and its checks and
 * conversions have no text.
 */
function textOf(definitions: object): string {
  const above: unknown[] = [];
  return JSON.stringify(definitions, function (this: unknown, key, value: unknown) {
    // Not `value`, which is the result of its toJSON.
    const given = (this as Readonly<Record<string, unknown>>)[key];
    const part = isStandardSchema(given) ? shownSchema(given) : value;
    if (typeof part === "function" || part instanceof RegExp) return String(part);
    while (above.length > 0 && above.at(-1) !== this) above.pop();
    if (above.includes(part)) return "(circle)";
    if (part !== null && typeof part === "object") above.push(part);
    return part;
  });
}
