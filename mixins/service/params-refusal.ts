import { Errors, type ActionSchema, type Context } from "moleculer";
import { isReservedParam, reserved } from "../../core/options/reserved.ts";
import { didYouMean } from "../../core/options/near-name.ts";
import { brief, portable } from "../../core/errors/problem.ts";

/** An entry of `data` in Moleculer's validation error. */
interface Entry {
  type: string;
  field?: string | undefined;
  message?: string;
  expected?: unknown;
  actual?: unknown;
  nodeID?: unknown;
  action?: unknown;
}

const mostEntries = 20;
const mostCharacters = 300;

/**
 * Rewrites the validator's error: the message contains the found value, each entry has a field, and the size is bounded,
 * because the validator itself includes the whole input. The error of a nested call keeps its message. Returns null for
 * any other error.
 */
export function toValidationError(
  error: unknown,
  { action, params }: Context,
  rules: ActionSchema["params"],
  isGenerated: boolean,
): Errors.ValidationError | null {
  const { type, data, message } = (error ?? {}) as { type?: unknown; data?: unknown; message?: string };
  if (type !== "VALIDATION_ERROR" || !isByValidator(data)) return null;
  const known = Object.keys(rules ?? {});
  const isOwn = data[0]!.action === action?.name;
  const entries = data
    .slice(0, mostEntries)
    .flatMap((entry) =>
      isOwn && isStrict(entry) ? unknownParams(entry, params, known, isGenerated) : [readable(entry)],
    )
    .slice(0, mostEntries);
  const text = isOwn ? entries.map((entry) => entry.message).join("; ") : cut(message ?? "");
  return new Errors.ValidationError(text, "VALIDATION_ERROR", entries);
}

/** Whether Moleculer's validator refused the params of this call, and not those of a nested one. */
export function isOwnRefusal(error: unknown, { action }: Context): boolean {
  const { type, data } = (error ?? {}) as { type?: unknown; data?: unknown };
  return type === "VALIDATION_ERROR" && isByValidator(data) && data[0]!.action === action?.name;
}

/** Only Moleculer's validator names the action in each entry. */
const isByValidator = (data: unknown): data is Entry[] =>
  Array.isArray(data) && data.length > 0 && data.every((entry: Entry | null) => typeof entry?.action === "string");

const isStrict = ({ type }: Entry) => type === "objectStrict";

/** One entry for each unknown param. The validator makes one for all of an object, without their names as fields. */
function unknownParams(entry: Entry, params: unknown, rules: readonly string[], isGenerated: boolean): Entry[] {
  const { field: within = "" } = entry;
  const declared = within === "" ? rules : String(entry.expected).split(", ");
  const known = declared.filter((name) => name !== "" && !name.startsWith("$$"));
  const found = within === "" ? Object.keys(params as object) : String(entry.actual).split(", ");
  const unknown = found.filter((name) => !known.includes(name));
  return unknown.slice(0, mostEntries).map((name) => {
    const field = cut(within === "" ? name || '""' : `${within}.${name}`);
    const one = known.length === 0 ? "no params" : `one of the params ${known.join(", ")}`;
    const expected = isGenerated && isReservedParam(name) ? reserved : `${one}${didYouMean(name, known)}`;
    const message = `${field}: found an unknown param, expected ${expected}`;
    return { ...entry, field, message, expected, actual: cut(name) || '""' };
  });
}

function readable(entry: Entry): Entry {
  const { field = "params", expected, actual } = entry;
  const message = cut(entry.message ?? `${field}: expected ${entry.type}`);
  return {
    ...entry,
    field: cut(field),
    message,
    expected: expected === undefined ? null : short(expected),
    actual: short(actual),
  };
}

const short = (found: unknown): unknown => (typeof found === "string" ? cut(found) : portable(found));

const cut = (text: string): string => brief(text, mostCharacters);
