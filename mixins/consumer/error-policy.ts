import { isTooDeep } from "../../core/event/causation.ts";
import { isDamagedEvent } from "../../core/event/damaged-event.ts";
import { DefinitionError } from "../../core/errors/errors.ts";
import { assertKnownOptions } from "../../core/options/options.ts";
import { isOutage } from "../../core/errors/outage.ts";
import { isUpcastError } from "../../core/catalogue/upcast-error.ts";

export interface ErrorPolicy {
  /** How often a failed event is retried before it is parked. Default 3. */
  retries: number;
  /** The delay before the first retry, in milliseconds; doubled with each retry, up to 100-fold. Default 50. */
  delayMs: number;
  /** This many events parked in a row stop the consumer, because the fault is likely in its code. Default 20. */
  maxParkedInARow: number;
  /** How long one event may take, in milliseconds. Then it counts as an outage, and is retried. Default 30,000. */
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

/** The outcome of one attempt. */
export type Tried = { error: unknown } | { error?: never };

export interface Interruption {
  sleep: (ms: number) => Promise<void>;
  isInterrupted: () => boolean;
  /** The node is shutting down: work that has not begun is left for the next start. */
  isStopping: () => boolean;
}

/**
 * Retries a failed event with growing delays. Returns the last error if the event has to be parked.
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
  // The shutdown itself may have made the last attempt fail; the next start retries it.
  return isInterrupted() ? "interrupted" : { error, attempts };
}

/** A retry changes neither an event that the store cannot read nor a chain of causes that is too long. */
const isFinal = (error: unknown) => isUpcastError(error) || isDamagedEvent(error) || isTooDeep(error);
