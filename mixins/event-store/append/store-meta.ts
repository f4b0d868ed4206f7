import type { Context } from "moleculer";
import { described, safeText } from "../../../core/errors/problem.ts";
import { DefinitionError } from "../../../core/errors/errors.ts";
import { ignoreOutcome, isThenable } from "../../../core/concurrency/is-thenable.ts";
import { isProblem, toJson } from "../../../core/json/json.ts";
import { reservedMeta } from "../../../core/log/assigned-meta.ts";

/** The option `meta` of a store. */
export interface StoreMeta {
  (ctx: Context<unknown, Record<string, unknown>>): Record<string, unknown> | null | undefined;
}

/** Fields that a single call may set, but not one function for all types and requests. */
const ofCalls = ["correlationId", "causationId", "schemaVersion"];

const expected = "an object of JSON values, or nothing";

/**
 * The fields that a store adds to the meta of the events of a call. The function is synchronous: awaiting it would let a
 * later append overtake an earlier one.
 * @throws DefinitionError if the function throws, or returns something else than fields that it may set: an error of the
 * author, whatever the caller sent
 */
export function storeMetaOf(store: string, meta: StoreMeta, ctx: Context): Record<string, unknown> {
  const field = `${store}.meta(ctx)`;
  const found = called(field, meta, ctx);
  if (found === undefined || found === null) return {};
  if (isThenable(found)) {
    ignoreOutcome(found);
    throw new DefinitionError({ field, found, expected: `${expected}: the function is synchronous` });
  }
  const json = toJson(field, found);
  if (isProblem(json)) throw new DefinitionError(json);
  const { value } = json;
  if (value === null || typeof value !== "object" || Array.isArray(value))
    throw new DefinitionError({ field, found, expected });
  const fields = value as Record<string, unknown>;
  const [problem] = reservedMeta(field, fields);
  if (problem) throw new DefinitionError(problem);
  const wrong = ofCalls.find((name) => fields[name] !== undefined);
  if (wrong === undefined) return fields;
  throw new DefinitionError({
    field: `${field}.${wrong}`,
    found: fields[wrong],
    expected: "none: it belongs to a call",
  });
}

/**
 * The same for an append; nothing if the function fails but the events are stored already: a repeated call returns its
 * first result. Synchronous unless the function fails, so that the order of the appends stays.
 */
export function metaOfAppend(
  store: string,
  meta: StoreMeta,
  ctx: Context,
  isStored: () => Promise<boolean>,
): Record<string, unknown> | Promise<Record<string, unknown>> {
  try {
    return storeMetaOf(store, meta, ctx);
  } catch (error) {
    return isStored().then((isRepeated) => {
      if (isRepeated) return {};
      throw error;
    });
  }
}

function called(field: string, meta: StoreMeta, ctx: Context): unknown {
  try {
    return meta(ctx as Context<unknown, Record<string, unknown>>);
  } catch (error) {
    const failed = new DefinitionError({ field, found: described(`an error: ${safeText(error)}`), expected });
    failed.cause = error;
    throw failed;
  }
}
