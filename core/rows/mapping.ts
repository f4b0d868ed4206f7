import { InvalidRowError } from "../errors/errors.ts";
import { isPlain } from "../errors/object-kind.ts";
import { checkRow, rowId, type Fields, type Row } from "./fields.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";
import { entityId, hasEntity } from "../event/stream-name.ts";
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

const resultShapes: Record<Operation, string> = {
  create: "a row",
  createMany: "an array of rows",
  update: "a row",
  updateMany: "an array of rows",
  remove: "an id, a row, or an array of them",
};

/** A mapping of one event type, with its number among the mappings of that type, from 1. */
export interface AppliedMapping<Transform> extends Mapping<Transform> {
  ordinal: number;
}

/**
 * The changes of a transform's result. A row without an id gets the entity's; the rows of `createMany`, and a row that is
 * created for an event without an entity, get one made of the event's. So a rebuild makes the same rows.
 * @throws InvalidRowError, ValidationError
 */
export function changesOf(
  { operation, ordinal }: AppliedMapping<unknown>,
  fields: Fields,
  event: RecordedEvent,
  result: unknown,
): RowChange[] {
  if (result === null) return [];
  // A missing `return` would otherwise change nothing, silently.
  if (result === undefined) throw wrongResult(result, `${resultShapes[operation]}, or null to change nothing`);
  const { id, stream } = event;
  const newId = () => (ordinal === 1 ? id : `${id}:${ordinal}`);
  const at = "the transform's result";
  switch (operation) {
    case "create":
      return [rowChange(operation, fields, result, at, () => (hasEntity(stream) ? entityId(stream) : newId()))];
    case "update":
      return [rowChange(operation, fields, result, at, () => entityId(stream))];
    case "createMany":
      return rowsOf(operation, result).map((row, index) =>
        rowChange("create", fields, row, `${at}.${index}`, () => `${newId()}-${index}`),
      );
    case "updateMany":
      return rowsOf(operation, result).map((row, index) =>
        rowChange("update", fields, row, `${at}.${index}`, () => {
          throw wrongResult(row, "a row with an id, as updateMany requires", `${at}.${index}`);
        }),
      );
    case "remove":
      return Array.from(Array.isArray(result) ? result : [result], (one: unknown) => ({
        operation,
        id: removedId(one, event),
      }));
  }
}

function rowsOf(operation: Operation, result: unknown): unknown[] {
  if (!Array.isArray(result)) throw wrongResult(result, `an array of rows, as ${operation} requires`);
  // Array.from visits holes, too.
  return Array.from(result);
}

function rowChange(
  operation: "create" | "update",
  fields: Fields,
  row: unknown,
  at: string,
  ownId: () => string,
): RowChange {
  // A Promise, a Map or an instance of a class may have content that is not in its fields.
  if (row === null || typeof row !== "object" || Array.isArray(row) || !isPlain(row))
    throw wrongResult(row, "a row: an object of fields", at);
  const values = row as Partial<Row>;
  return { operation, id: rowId(values.id) ?? ownId(), values: checkRow(fields, values) };
}

function removedId(one: unknown, { stream }: RecordedEvent): string {
  const isRow = typeof one === "object" && one !== null && !Array.isArray(one) && isPlain(one);
  if (!isRow && (one === undefined || typeof one === "object")) throw wrongResult(one, resultShapes.remove);
  return rowId(isRow ? (one as Partial<Row>).id : one) ?? entityId(stream);
}

const wrongResult = (found: unknown, expected: string, field = "the transform's result") =>
  new InvalidRowError([{ field, found, expected }]);
