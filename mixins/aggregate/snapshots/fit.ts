import { definitionChanges } from "../../../core/rows/definition.ts";
import type { Fields } from "../../../core/rows/fields.ts";
import { described, inWords, type Problem } from "../../../core/errors/problem.ts";
import { formats } from "../../../core/log/stored-format.ts";
import { SnapshotMismatchError } from "../../../core/errors/snapshot-errors.ts";
import type { ConsumerPage } from "../../consumer/consumer-page.ts";
import type { CompleteSnapshot } from "./manifest.ts";

/** The log's identity, its head, and the id of the event at a position. */
export type LogPlace = Pick<ConsumerPage, "log" | "head" | "afterId">;

interface Today {
  table: string;
  /** The result of `describeDefinition`. */
  definition: string;
  log: LogPlace;
}

export const howToForce = "`force: true` converts what fits";

export const haveSameFields = (a: Fields, b: Fields) =>
  JSON.stringify([...a.values()]) === JSON.stringify([...b.values()]);

/** True if the snapshot's rows were folded by this definition. */
export const isOfDefinition = (snapshot: CompleteSnapshot, definition: string) =>
  definitionChanges(snapshot.description, definition).length === 0;

/** Checks format, table, definition and log. `force` only accepts another definition. @throws SnapshotMismatchError */
export function assertFits(snapshot: CompleteSnapshot, today: Today, force: boolean): void {
  const problem =
    ofFormat(snapshot) ??
    ofTable(snapshot, today.table) ??
    (force ? null : ofDefinition(snapshot, today.definition)) ??
    ofLog(snapshot, today.log);
  if (problem) throw new SnapshotMismatchError(snapshot.id, problem);
}

const ofFormat = ({ format: found }: Pick<CompleteSnapshot, "format">): Problem | null =>
  found === formats.manifest
    ? null
    : {
        field: "format",
        found,
        expected: `${formats.manifest}: the snapshot was taken by a newer version of moleculer-event-sourcing`,
      };

const ofTable = ({ table }: CompleteSnapshot, expected: string): Problem | null =>
  table === expected ? null : { field: "table", found: table, expected };

function ofDefinition({ description }: CompleteSnapshot, definition: string): Problem | null {
  const changes = definitionChanges(description, definition);
  if (changes.length === 0) return null;
  const expected = `the current definition (${inWords(changes)}); ${howToForce}`;
  return { field: "definition", found: described("another definition"), expected };
}

/** Checks that the position still refers to the same event: the log may be another one, or restored from a backup. */
function ofLog({ position, positionId, log }: CompleteSnapshot, today: LogPlace): Problem | null {
  if (log !== null && log !== today.log) return { field: "log", found: log, expected: today.log };
  if (position > today.head)
    return { field: "position", found: position, expected: `at most ${today.head}, where the log ends` };
  if (positionId !== today.afterId)
    return {
      field: "position",
      found: described(`event ${positionId}`),
      expected: `event ${today.afterId}, which the log has at position ${position}`,
    };
  return null;
}
