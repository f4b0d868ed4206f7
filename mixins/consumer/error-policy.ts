import { isTooDeep } from "../../core/event/causation.ts";
import { isDamagedEvent } from "../../core/event/damaged-event.ts";
import { DefinitionError } from "../../core/errors/errors.ts";
import { assertKnownOptions } from "../../core/options/options.ts";
import { isOutage } from "../../core/errors/outage.ts";
import { isUpcastError } from "../../core/catalogue/upcast-error.ts";

export interface ErrorPolicy {
  /** How often an event that failed is tried again before it is parked. Default 3. */
  retries: number;
  /** The wait before the first retry, in milliseconds; each further wait is twice as long, up to 100 times. Default 50. */
  delayMs: number;
  /** So many events parked one after another stop the consumer: the fault is likely in its code. Default 20. */
  maxParkedInARow: number;
  /** How long one event may take, in milliseconds; then it counts as an outage, and is tried again. Default 30,000. */
  timeoutMs: number;
}

const defaultPolicy: ErrorPolicy = { retries: 3, delayMs: 50, maxParkedInARow: 20, timeoutMs: 30_000 };

/** @throws DefinitionError */
export function parsePolicy(owner: string, given: Partial<ErrorPolicy> = {}): ErrorPolicy {
  assertKnownOptions(`${owner}.onError`, given, Object.keys(defaultPolicy));
  const policy = { ...defaultPolicy, ...given };
  for (const [option, least] of [
    ["retries", 0],
    ["delayMs", 0],
    ["maxParkedInARow", 1],
    ["timeoutMs", 1],
  ] as const)
    if (!Number.isSafeInteger(policy[option]) || policy[option] < least)
      throw new DefinitionError({
        field: `${owner}.onError.${option}`,
        found: policy[option],
        expected: `a whole number from ${least}`,
      });
  return policy;
}

/** What a try came to: an error of the event, or not. */
export type Tried = { error: unknown } | { error?: never };

export interface Interruption {
  /** Ends early when interrupted. */
  sleep: (ms: number) => Promise<void>;
  isInterrupted: () => boolean;
  /** The node ends: what is not begun is left for the next start. */
  isStopping: () => boolean;
}

/**
 * Tries an event that has failed again, with growing waits. Answers the last error where the event is to be parked.
 * @throws an outage's error
 */
export async function tryAgain(
  { retries, delayMs }: ErrorPolicy,
  firstError: unknown,
  { sleep, isInterrupted }: Interruption,
  again: () => Promise<Tried>,
): Promise<"done" | "interrupted" | { error: unknown; attempts: number }> {
  let error = firstError;
  let attempts = 1;
  for (; !isOutage(error) && !isFinal(error) && attempts <= retries; attempts++) {
    await sleep(Math.min(delayMs * 2 ** (attempts - 1), delayMs * 100));
    if (isInterrupted()) return "interrupted";
    const tried = await again();
    if (!("error" in tried)) return "done";
    error = tried.error;
  }
  if (isOutage(error)) throw error;
  // A stop may itself have made the last try fail; a fresh start tries again.
  return isInterrupted() ? "interrupted" : { error, attempts };
}

/** What the store cannot read does not become readable by waiting, and a chain of causes not shorter. */
const isFinal = (error: unknown) => isUpcastError(error) || isDamagedEvent(error) || isTooDeep(error);
