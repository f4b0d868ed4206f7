import { isTooDeep } from "../../core/event/causation.ts";
import { isDamagedEvent } from "../../core/event/damaged-event.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import { DefinitionError } from "../../core/errors/errors.ts";
import { assertKnownOptions, synchronous } from "../../core/options/options.ts";
import { isUpcastError } from "../../core/catalogue/upcast-error.ts";

/**
 * What follows a failure. `retry`: another attempt after a delay. `park`: the event is set aside, and its stream waits
 * behind it. `wait`: for an outage, every event waits. `stop`: the consumer stops before the event.
 */
export type ErrorDecision = "retry" | "park" | "wait" | "stop";

export const isDecision = (found: unknown): found is ErrorDecision =>
  found === "retry" || found === "park" || found === "wait" || found === "stop";

/**
 * Decides what follows a failure of `event`, which has failed `attempts` times. A deadline of a process manager comes as
 * an event with its name as `type`, and neither stream, version nor position.
 */
export type DecideError = (error: unknown, failure: { event: RecordedEvent; attempts: number }) => ErrorDecision;

export interface ErrorPolicy {
  /** How often a failed event is retried before it is parked. Default 3. */
  retries: number;
  /** The delay before the first retry, in milliseconds; doubled with each retry, up to 100-fold. Default 50. */
  delayMs: number;
  /** This many events parked in a row stop the consumer, because the fault is likely in its code. Default 20. */
  maxParkedInARow: number;
  /** How long one event may take, in milliseconds. Then it counts as an outage, and is retried. Default 30,000. */
  timeoutMs: number;
  /** False: an event that would be parked stops the consumer instead, which goes on from it after a `resume`. Default true. */
  park: boolean;
  /** Decides instead of `retries` and `park`. Default: none. */
  decide?: DecideError | undefined;
}

/** The option `onError`: an object, or only its `decide`. */
export type OnError = Partial<ErrorPolicy> | DecideError;

const defaultPolicy: ErrorPolicy = { retries: 3, delayMs: 50, maxParkedInARow: 20, timeoutMs: 30_000, park: true };

/** @throws DefinitionError */
export function parsePolicy(owner: string, given: OnError = {}): ErrorPolicy {
  const options = typeof given === "function" ? { decide: given } : given;
  assertKnownOptions(`${owner}.onError`, options, [...Object.keys(defaultPolicy), "decide"]);
  const policy = { ...defaultPolicy, ...options };
  const refuse = (option: keyof ErrorPolicy, expected: string): never => {
    throw new DefinitionError({ field: `${owner}.onError.${option}`, found: policy[option], expected });
  };
  for (const [option, least] of [
    ["retries", 0],
    ["delayMs", 0],
    ["maxParkedInARow", 1],
    ["timeoutMs", 1],
  ] as const)
    if (!Number.isSafeInteger(policy[option]) || policy[option] < least) refuse(option, `a whole number from ${least}`);
  if (typeof policy.park !== "boolean") refuse("park", "true or false");
  if (policy.decide !== undefined) synchronous(`${owner}.onError${options === given ? ".decide" : ""}`, policy.decide);
  return policy;
}

/** @param counted how many of the event's failures count against the retries; those of an outage do not */
export function defaultDecision({ retries, park }: ErrorPolicy, error: unknown, counted: number): ErrorDecision {
  const isOver = isFinal(error) || counted > retries;
  return isOver ? (park ? "park" : "stop") : "retry";
}

/** A retry changes neither an event that the store cannot read nor a chain of causes that is too long. */
const isFinal = (error: unknown) => isUpcastError(error) || isDamagedEvent(error) || isTooDeep(error);

/** The outcome of one attempt. */
export type Tried = { error: unknown } | { error?: never };

export interface Interruption {
  sleep: (ms: number) => Promise<void>;
  isInterrupted: () => boolean;
  /** The node is shutting down: work that has not begun is left for the next start. */
  isStopping: () => boolean;
}
