import type { ActionSchema } from "moleculer";
import type { Sample } from "./samples.ts";
import { hostileValues } from "./values.ts";

/** One call that should be refused, or do no harm. */
export interface Attack {
  action: string;
  /** For messages, and to repeat it. */
  name: string;
  params: () => unknown;
  meta: () => Record<string, unknown>;
}

/** Limit of paths inside one sample. */
const mostPaths = 24;

const noMeta = () => ({});

/** Fields that the framework and Moleculer read from a call's meta. */
const metaNames = [
  "readAfter",
  "commandId",
  "correlationId",
  "causationId",
  "$causationDepth",
  "$fold",
  "$dryRun",
  "user",
];

/** Names that no action knows, some of them misspelt. */
const unknownNames = [
  "qurey",
  "Limit",
  "expectedVerson",
  "idempotencyKey",
  "utm_source",
  "__proto__",
  "",
  "x".repeat(100_000),
];

/**
 * Puts every hostile value in place of the params, of each value at each depth of each sample, of each field of meta,
 * and into additional fields.
 */
export function* attacksOn({ name: action = "", params }: ActionSchema, samples: readonly Sample[]): Generator<Attack> {
  for (const [value, make] of hostileValues) {
    yield { action, name: `params: ${value}`, params: make, meta: noMeta };
    for (const sample of samples)
      for (const path of pathsOf(sample, params)) {
        const at = path.join(".");
        yield { action, name: `${at}: ${value}`, params: () => withValue(sample, path, make()), meta: noMeta };
      }
    const sample = samples[0] ?? {};
    for (const name of metaNames)
      yield {
        action,
        name: `meta.${name}: ${value}`,
        params: () => structuredClone(sample),
        meta: () => ({ [name]: make() }),
      };
  }
  for (const sample of samples)
    for (const unknown of unknownNames)
      yield {
        action,
        name: `an unknown param ${unknown.slice(0, 20)}`,
        params: () => withValue(sample, [unknown], 1),
        meta: noMeta,
      };
}

/** The paths of the sample and of the rules. */
function pathsOf(sample: Sample, rules: ActionSchema["params"]): string[][] {
  const declared = Object.keys(rules ?? {}).filter((name) => !name.startsWith("$$") && !(name in sample));
  return [...inside(sample, 4), ...declared.map((name) => [name])].slice(0, mostPaths);
}

function inside(value: unknown, levels: number): string[][] {
  if (value === null || typeof value !== "object" || levels === 0) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    [key],
    ...inside(inner, levels - 1).map((path) => [key, ...path]),
  ]);
}

/** A copy of the sample with another value at a path. */
function withValue(sample: Sample, path: readonly string[], value: unknown): unknown {
  const copy: Record<string, unknown> = structuredClone(sample);
  let place = copy;
  for (const step of path.slice(0, -1)) place = place[step] as Record<string, unknown>;
  // Not by an assignment, which would set the prototype for __proto__.
  Object.defineProperty(place, path.at(-1)!, { value, enumerable: true, writable: true, configurable: true });
  return copy;
}
