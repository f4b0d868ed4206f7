import { DefinitionError } from "../../core/errors/errors.ts";
import { described } from "../../core/errors/problem.ts";
import { parsePosition } from "../../core/event/position.ts";
import { isPlainObject } from "../../core/options/options.ts";
import { isoDate } from "../../core/rows/fields.ts";
import type { EventSource } from "./event-source.ts";

/**
 * A place in the log: after the event at a position (0: before the first event), or before the first event that is not
 * older than a time (ISO 8601 or a Date).
 */
export type StartPlace = { position: number } | { time: string | Date };

/**
 * Where a consumer begins on its first start: at the first event, after the last, or at a place in the log. Ignored at
 * later starts.
 */
export type StartFrom = "origin" | "current" | StartPlace;

const position = "a whole number from 0";
const time = "a time of ISO 8601, or a Date, in a year of four digits";
const places = `{ position } with ${position}, or { time } with ${time}`;

/** @throws DefinitionError */
export function parseStartFrom(name: string, found: unknown = "origin"): StartFrom {
  if (found === "origin" || found === "current") return found;
  return parseStartPlace(name, found, `"origin", "current", ${places}`);
}

/** @throws DefinitionError */
export function parseStartPlace(name: string, found: unknown, expected = places): StartPlace {
  const field = `${name}.startFrom`;
  const given = isPlainObject(found) ? Object.entries(found as object) : [];
  const [[key, value] = []] = given;
  if (given.length !== 1 || (key !== "position" && key !== "time")) {
    const keys = given.map(([one]) => one).join(", ");
    throw new DefinitionError({ field, found: keys === "" ? found : described(`{ ${keys} }`), expected });
  }
  if (key === "position") {
    if (typeof value === "number" && parsePosition(value) !== null) return { position: value };
    throw new DefinitionError({ field: `${field}.position`, found: value, expected: position });
  }
  const date = isoDate(value);
  if (date === undefined) throw new DefinitionError({ field: `${field}.time`, found: value, expected: time });
  return { time: date };
}

/** The position after which a consumer begins. @throws DefinitionError if the log has not reached the place yet */
export async function startPosition(
  name: string,
  startFrom: StartFrom,
  source: Pick<EventSource, "page" | "positionAt">,
): Promise<number> {
  if (startFrom === "origin") return 0;
  const { head } = await source.page(0, 0);
  if (startFrom === "current") return head;
  const refuse = (field: string, found: unknown, expected: string): never => {
    throw new DefinitionError({ field: `${name}.startFrom.${field}`, found, expected });
  };
  if ("position" in startFrom) {
    const { position } = startFrom;
    return position <= head ? position : refuse("position", position, `at most the store's head, ${head}`);
  }
  const ms = new Date(startFrom.time).getTime();
  // Times are whole milliseconds, so the last event that is older than the time is the last one up to the moment before.
  const position = await source.positionAt(new Date(ms - 1).toISOString());
  // Later events may be older than a time that is still to come.
  return position < head || ms <= Date.now() ? position : refuse("time", startFrom.time, "a time that has passed");
}
