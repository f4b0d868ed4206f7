import { InvalidRowError } from "../errors/errors.ts";
import { isPlain } from "../errors/object-kind.ts";
import { checkRow, rowId, type Fields, type Row } from "./fields.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";
import type { RowChange } from "./row-change.ts";

/** How a transform's result changes the table. */
export type Operation = "create" | "createMany" | "update" | "updateMany" | "remove";

/** One `.on(type).<operation>(transform)` of an aggregate. */
export interface Mapping<Transform> {
  /** An event type; may contain Moleculer's wildcards. */
  pattern: string;
  operation: Operation;
  transform: Transform;
}

/** A mapping of one event type, with its number among the mappings of that type, from 1. */
export interface AppliedMapping<Transform> extends Mapping<Transform> {
  ordinal: number;
}

const resultShapes: Record<Operation, string> = {
  create: "a row",
  createMany: "an array of rows",
  update: "a row",
  updateMany: "an array of rows",
  remove: "an id, a row with an id, or an array of them",
};

/**
 * The changes of a transform's result. Rows without an id get one from the event, so that a rebuild makes the same
 * rows.
 * @throws InvalidRowError
 */
export function changesOf(
  mapping: AppliedMapping<unknown>,
  fields: Fields,
  event: RecordedEvent,
  result: unknown,
): RowChange[] {
  if (result === null) return [];
  const { operation } = mapping;
  // A missing `return` would otherwise change nothing, silently.
  if (result === undefined) throw wrongResult(result, `${resultShapes[operation]}, or null to change nothing`);
  const id = mapping.ordinal === 1 ? event.id : `${event.id}:${mapping.ordinal}`;
  switch (operation) {
    case "create":
    case "update":
      return [rowChange(operation, fields, result, id, "the transform's result")];
    case "createMany":
    case "updateMany": {
      if (!Array.isArray(result)) throw wrongResult(result, `an array of rows, as ${operation} requires`);
      const each = operation === "createMany" ? "create" : "update";
      // Array.from visits holes, too.
      return Array.from(result, (row: unknown, index) =>
        rowChange(each, fields, row, `${id}-${index}`, `the transform's result.${index}`),
      );
    }
    case "remove":
      return Array.from(Array.isArray(result) ? result : [result], (one: unknown) => ({
        operation,
        id: removedId(one),
      }));
  }
}

function rowChange(
  operation: "create" | "update",
  fields: Fields,
  row: unknown,
  fallbackId: string,
  at: string,
): RowChange {
  // A Promise, a Map or an instance of a class may have content that is not in its fields.
  if (row === null || typeof row !== "object" || Array.isArray(row) || !isPlain(row))
    throw wrongResult(row, "a row: an object of fields", at);
  const values = row as Partial<Row>;
  return {
    operation,
    id: rowId(values.id, fallbackId),
    values: checkRow(fields, values),
  };
}

function removedId(one: unknown): string {
  const id = one !== null && typeof one === "object" ? (one as Partial<Row>).id : one;
  if (id === undefined || id === null) throw wrongResult(one, "an id, a row with an id, or an array of them");
  return rowId(id, "");
}

const wrongResult = (found: unknown, expected: string, field = "the transform's result") =>
  new InvalidRowError([{ field, found, expected }]);
