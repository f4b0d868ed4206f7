import type { Contents } from "./sample-engine.ts";

/**
 * The forms of what is stored, by place: values without what depends on the moment and the machine. Texts with JSON are
 * parsed, so a renamed field, a changed type and a changed word all change a form.
 */
export function formsIn(contents: Contents): Record<string, unknown[]> {
  const forms: Record<string, unknown[]> = {};
  for (const [place, values] of Object.entries(contents)) (forms[formOfText(place)] ??= []).push(...values.map(formOf));
  return Object.fromEntries(Object.entries(forms).map(([place, values]) => [place, distinct(values)]));
}

/** Sorted, since ids and times give an order that the next run does not have. */
const distinct = (values: readonly unknown[]): unknown[] =>
  [...new Set(values.map((value) => JSON.stringify(value)))].toSorted().map((text) => JSON.parse(text) as unknown);

/** The fields with the number of a format, which is a part of the form. */
const numbers = new Set(["$format", "format", "user_version", "application_id"]);

function formOf(value: unknown): unknown {
  if (typeof value === "string") return formOfString(value);
  if (Array.isArray(value)) return formOfList(value.map(formOf));
  if (value === null || typeof value === "boolean") return value;
  if (typeof value !== "object") return typeof value;
  const entries = Object.entries(value).map(([key, field]) => [
    formOfText(key),
    numbers.has(key) ? field : formOf(field),
  ]);
  return Object.fromEntries(entries) as object;
}

/** A list has any number of objects; one of plain values is a tuple. */
const formOfList = (values: unknown[]): unknown[] =>
  values.every((value) => typeof value === "object") ? distinct(values) : values;

/** A text may be JSON, or lines of it. */
function formOfString(text: string): unknown {
  if (!/^[[{]/.test(text)) return formOfText(text);
  try {
    return formOf(JSON.parse(text));
  } catch {
    const lines = text.split("\n");
    return lines.length > 1 ? lines.map(formOfString) : formOfText(text);
  }
}

const formOfText = (text: string): string =>
  text
    .replaceAll(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, "<id>")
    .replaceAll(/\b\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)/g, "<time>")
    .replaceAll(/\b\d+\b/g, "#")
    .replaceAll(/\b[0-9a-f]{12,}\b/g, keyOrHash)
    .replaceAll(/\d+/g, "#");

/** Control state has keys in hexadecimal digits, like those of `state/pump`. */
function keyOrHash(digits: string): string {
  const text = Buffer.from(digits, "hex").toString();
  return /^[a-z]+\/[ -~]+$/.test(text) ? formOfText(text) : "<hash>";
}
