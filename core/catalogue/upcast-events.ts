import { show } from "../errors/problem.ts";
import { toJson, type JsonValue } from "../json/json.ts";
import { isPlainObject } from "../options/options.ts";
import { isSchemaVersion, type Catalogue, type CatalogueEntry } from "./catalogue.ts";
import type { UpcastEvent } from "./upcasters.ts";

/** More is an error of the upcaster: all of them are in memory, and handled in one commit. */
const mostEvents = 1000;

/** A payload of a version that may be older than today's. */
export interface OlderPayload {
  entry: CatalogueEntry;
  from: number;
  json: JsonValue;
}

/** The upcaster from version `from` of the entry, which may return events of the types `to`. */
interface Step extends Pick<OlderPayload, "entry" | "from"> {
  to: readonly string[];
}

/** The events that an upcaster has returned. `fail` makes the error of the stored event. */
export function upcastEvents(
  { entries }: Catalogue,
  { entry, from, to }: Step,
  answer: unknown,
  fail: (why: string) => Error,
): OlderPayload[] {
  const says = (found: string, expected: string) =>
    fail(`the upcaster from version ${from} of ${entry.type} returned ${found}, expected ${expected}`);
  const json = toJson("", answer);
  if (!("value" in json)) throw says(show(answer), "what JSON can represent");
  const given: unknown[] = json.value === null ? [] : Array.isArray(json.value) ? json.value : [json.value];
  if (given.length > mostEvents) throw says(`${given.length} events`, `at most ${mostEvents}`);
  return given.map((one) => {
    if (!isPlainObject(one)) {
      const found = given === json.value ? `an array with ${show(one)}` : show(one);
      throw says(found, "null, {type, payload, schemaVersion?}, or an array of such objects");
    }
    const { type, payload, schemaVersion: version, ...others } = one as Partial<UpcastEvent>;
    const unknown = Object.keys(others);
    if (unknown.length > 0) throw says(`the field ${unknown[0]}`, "only type, payload and schemaVersion");
    if (typeof type !== "string" || !to.includes(type))
      throw says(`an event of type ${show(type)}`, `one of the types in to: ${to.join(", ") || "none"}`);
    const target = entries.get(type)!;
    const schemaVersion: unknown = version ?? (target === entry ? from + 1 : 1);
    if (!isSchemaVersion(schemaVersion) || schemaVersion > target.schemaVersion)
      throw says(
        `${type} of schema version ${show(schemaVersion)}`,
        `a whole number from 1 to ${target.schemaVersion}`,
      );
    const checked = toJson("payload", payload);
    if (!("value" in checked)) throw says(`${type} with no payload`, "a JSON value");
    return { entry: target, from: schemaVersion, json: checked };
  });
}
