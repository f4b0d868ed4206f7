import { paramsOfPayload } from "../../../core/catalogue/payload-schema.ts";
import { isStandardSchema } from "../../../core/catalogue/standard-schema.ts";
import { idRule } from "../../../core/event/params-id.ts";
import type { AnyParams, EventOptions, Target } from "./event-options.ts";

/**
 * The params of a mapped action that declares none: the fields of the payload, and the `id` of the entity, which a `stream`
 * of the author's may do without. Undefined if the catalogue declares no fields for the payload. A Standard Schema checks
 * the payload alone, when it is appended: its conversions must happen once.
 */
export function defaultParams({ schema }: Target, { stream }: EventOptions): AnyParams | undefined {
  const isOther = isStandardSchema(schema);
  const fields = isOther ? { $$strict: false } : paramsOfPayload(schema);
  return fields ? { id: stream === undefined ? idRule : { ...idRule, optional: true }, ...fields } : undefined;
}

/** The payload by default: the params. Without the `id` that names the stream, if the schema does not declare it. */
export function defaultPayload({ names }: Target, params: AnyParams = {}): AnyParams {
  if (!names || names.includes("id") || !("id" in params)) return params;
  const { id: _, ...payload } = params;
  return payload;
}
