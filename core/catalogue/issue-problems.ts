import type { Problem } from "../errors/problem.ts";
import type { StandardIssue } from "./standard-schema.ts";

/** What another validator than fastest-validator finds: an issue of a Standard Schema, of zod, joi or ajv. */
export type Issue = Pick<StandardIssue, "message" | "path"> & {
  /** zod: the fields that the object at the path does not declare. */
  keys?: unknown;
  /** ajv: the path, as a JSON pointer. */
  instancePath?: unknown;
  /** ajv: the name of a field that is missing or not declared at that path. */
  params?: unknown;
};

/** Whether a finding is such an issue. fastest-validator's have the path as a text, `field`. */
export function isIssue(found: unknown): found is Issue {
  const { message, path, instancePath } = (found ?? {}) as Partial<Issue>;
  return typeof message === "string" && (Array.isArray(path) || typeof instancePath === "string");
}

/** Translates issues about a value into problems at `<at>.…`; about the whole value, at `<at>` or `whole`. */
export function issueProblems(at: string, whole: string, value: unknown, issues: readonly Issue[]): Problem[] {
  return Array.from(issues).flatMap((issue) => {
    const path = pathOf(issue);
    const inner = namesIn(issue);
    const paths = inner.length === 0 ? [path] : inner.map((name) => [...path, name]);
    return paths.map((one) => {
      const field = [at, ...one].filter((part) => part !== "").join(".") || whole;
      return { field, found: valueAt(value, one), expected: issue.message, message: `${field}: ${issue.message}` };
    });
  });
}

function pathOf({ path, instancePath }: Issue): string[] {
  if (path) return path.map((part) => String(typeof part === "object" ? part.key : part));
  const parts = typeof instancePath === "string" ? instancePath.split("/").slice(1) : [];
  return parts.map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** The fields that an issue names beside its path. */
function namesIn({ keys, params }: Issue): string[] {
  const { missingProperty, additionalProperty } = (params ?? {}) as Record<string, unknown>;
  const names: unknown[] = Array.isArray(keys) ? keys : [missingProperty ?? additionalProperty];
  return names.filter((name) => typeof name === "string");
}

function valueAt(root: unknown, path: readonly string[]): unknown {
  let value = root;
  for (const part of path) {
    if (value === null || typeof value !== "object" || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}
