import { InvalidRowError } from "../errors/errors.ts";
import { isPlain } from "../errors/object-kind.ts";
import { checkRow, rowId, type Fields, type Row } from "./fields.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";
import type { RowChange } from "./row-change.ts";

export type Operation = "create" | "createMany" | "update" | "updateMany" | "remove";

/** One `.on(type).<operation>(transform)` of an aggregate. */
export interface Mapping<Transform> {
  /** An event type; may hold Moleculer's wildcards. */
  pattern: string;
  operation: Operation;
  transform: Transform;
}

/** A mapping as it applies to one event type: the first of that type has ordinal 1. */
export interface AppliedMapping<Transform> extends Mapping<Transform> {
  ordinal: number;
}

const answers: Record<Operation, string> = {
  create: "a row",
  createMany: "an array of rows",
  update: "a row",
  updateMany: "an array of rows",
  remove: "an id, a row with an id, or an array of them",
};

/**
 * What a transform's result changes. Rows without an id get one from the event, so that a rebuild makes the same rows.
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
  // A forgotten return would otherwise leave the table as it is, in silence.
  if (result === undefined) throw wrongAnswer(result, `${answers[operation]}, or null to change nothing`);
  const id = mapping.ordinal === 1 ? event.id : `${event.id}:${mapping.ordinal}`;
  switch (operation) {
    case "create":
    case "update":
      return [rowChange(operation, fields, result, id, "the transform's answer")];
    case "createMany":
    case "updateMany": {
      if (!Array.isArray(result)) throw wrongAnswer(result, `an array of rows, as ${operation} asks for`);
      const each = operation === "createMany" ? "create" : "update";
      // Array.from visits holes as well.
      return Array.from(result, (row: unknown, index) =>
        rowChange(each, fields, row, `${id}-${index}`, `the transform's answer.${index}`),
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
  // Of a Promise, a Map or an instance of a class, not all that it holds are fields.
  if (row === null || typeof row !== "object" || Array.isArray(row) || !isPlain(row))
    throw wrongAnswer(row, "a row: an object of fields", at);
  const values = row as Partial<Row>;
  return {
    operation,
    id: rowId(values.id, fallbackId),
    values: checkRow(fields, values),
  };
}

function removedId(one: unknown): string {
  const id = one !== null && typeof one === "object" ? (one as Partial<Row>).id : one;
  if (id === undefined || id === null) throw wrongAnswer(one, "an id, a row with an id, or an array of them");
  return rowId(id, "");
}

const wrongAnswer = (found: unknown, expected: string, field = "the transform's answer") =>
  new InvalidRowError([{ field, found, expected }]);
