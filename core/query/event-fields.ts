import type { FieldType } from "../rows/fields.ts";
import type { QueryFields } from "./query.ts";

/** The fields of events that queries can use. */
export const eventFields: QueryFields = new Map(
  Object.entries({
    id: "string",
    type: "string",
    stream: "string",
    version: "integer",
    position: "integer",
    time: "date",
    payload: "object",
    meta: "object",
  } satisfies Record<string, FieldType>).map(([name, type]) => [name, { type }]),
);
