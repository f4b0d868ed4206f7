import { InvalidQueryError } from "./errors.ts";
import { isoDate, typeInWords, type FieldType } from "./fields.ts";
import { isProblem, toJson } from "./json.ts";

export const leafOperators = ["$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$exists", "$regex", "$not"];

/** @throws InvalidQueryError */
export function refuse(field: string, found: unknown, expected: string): never {
  throw new InvalidQueryError({ field, found, expected });
}

/** Text from a URL or a prompt is taken as the field's type where that loses nothing: "5" for a number, 42 for a string. */
export function parseValue(type: FieldType, asked: unknown, at: string): unknown {
  if (asked === null) return null;
  switch (type) {
    case "string":
      if (typeof asked === "string") return asked;
      if (typeof asked === "number" || typeof asked === "boolean") return String(asked);
      break;
    case "integer":
    case "number":
      if (typeof asked === "number" && Number.isFinite(asked)) return asked;
      if (typeof asked === "string" && asked.trim() !== "" && Number.isFinite(Number(asked))) return Number(asked);
      break;
    case "boolean":
      if (typeof asked === "boolean") return asked;
      if (asked === "true" || asked === "false") return asked === "true";
      break;
    case "date": {
      const date = isoDate(asked);
      if (date !== undefined) return date;
      break;
    }
    case "object":
    case "array":
      if (asked instanceof Date) return asked.toISOString();
      {
        const json = toJson(at, asked);
        if (!isProblem(json)) return json.value;
      }
  }
  return refuse(at, asked, `${typeInWords(type)}, null or an object of operators (${leafOperators.join(", ")})`);
}

export function parseRegex(
  type: FieldType,
  asked: unknown,
  options: unknown,
  at: string,
): { source: string; flags: string } {
  if (type !== "string" && type !== "object" && type !== "array")
    refuse(at, asked, `no $regex on ${typeInWords(type)}`);
  if (options !== undefined && typeof options !== "string") refuse(at, options, "$options: a string of flags, like i");
  const source = asked instanceof RegExp ? asked.source : asked;
  // g and y would make a test depend on the test before it
  const flags = (asked instanceof RegExp ? asked.flags : (options ?? "")).replace(/[gy]/g, "");
  if (typeof source !== "string") return refuse(at, asked, "a regular expression as a string");
  try {
    const regex = new RegExp(source, flags);
    return { source: regex.source, flags: regex.flags };
  } catch (error) {
    return refuse(at, source, `a regular expression (${String(error)})`);
  }
}
