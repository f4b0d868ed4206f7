import { Errors } from "moleculer";
import type { RecordedEvent } from "./recorded-event.ts";

/** One event of a chain of causes. */
export interface Link {
  id: string;
  type: string;
}

/** A count of causes ends here, so that an import can tell a forged one. */
export const maxCausationDepth = 10_000;

/** True for a count that the framework has stored. */
export const isCausationDepth = (found: unknown): boolean =>
  Number.isSafeInteger(found) && (found as number) > 0 && (found as number) <= maxCausationDepth;

/** The depth of events that an event of this depth leads to. */
export const nextDepth = (depth: number): number => Math.min(depth + 1, maxCausationDepth);

/** How many events led to this one; 0 for an event of a caller's own command. */
export function depthOf({ meta }: { meta: Pick<RecordedEvent["meta"], "$causationDepth"> }): number {
  const { $causationDepth: depth } = meta;
  return Number.isSafeInteger(depth) && depth! > 0 ? depth! : 0;
}

/** A message names this many events at each end of a chain. */
const shown = 5;

/**
 * A process manager would send a command for an event with too long a chain of causes: probably a circle. 422; `data`
 * is `{expected, actual, chain}`.
 */
export class CausationTooDeepError extends Errors.MoleculerClientError {
  override name = "CausationTooDeepError";

  /** `chain`: from the first event of the chain to the event itself. */
  constructor(processManager: string, maxDepth: number, depth: number, chain: readonly Link[]) {
    const types = chain.map(({ type }) => type);
    const left = types.length - 2 * shown;
    const path = left > 0 ? [...types.slice(0, shown), `${left} more`, ...types.slice(-shown)] : types;
    super(
      `${processManager}: found ${depth} events behind this one, expected fewer than ${maxDepth} (maxDepth): ${path.join(" → ")}`,
      422,
      "CAUSATION_TOO_DEEP",
      { expected: maxDepth, actual: depth, chain },
    );
  }
}

/** Compared by type, since an error from another node is not an instance of this class. */
export const isTooDeep = (error: unknown): boolean =>
  error !== null && typeof error === "object" && "type" in error && error.type === "CAUSATION_TOO_DEEP";

/** Bounded, since every host of a consumer reads the errors of parked events again and again. */
const maxKeptLinks = 100;
const maxTypeCharacters = 255;

/** The `data` of this error as it is stored with a parked event: the last 100 links, which show a circle. */
export function keptChain(error: object): { data?: { expected: number; actual: number; chain: Link[] } } {
  if (!isTooDeep(error)) return {};
  const { expected, actual, chain } = ((error as { data?: unknown }).data ?? {}) as Record<string, unknown>;
  if (!Array.isArray(chain) || typeof expected !== "number" || typeof actual !== "number") return {};
  const links = chain.slice(-maxKeptLinks) as Record<keyof Link, unknown>[];
  const kept = links.map(({ id, type }) => ({ id: String(id), type: String(type).slice(0, maxTypeCharacters) }));
  return { data: { expected, actual, chain: kept } };
}
