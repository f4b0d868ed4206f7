import { Errors } from "moleculer";
import { portable, show } from "./problem.ts";

/** A retry or skip was requested while the consumer is paused. Nothing was changed; resume it first. 409. */
export class ConsumerPausedError extends Errors.MoleculerClientError {
  override name = "ConsumerPausedError";

  constructor(consumer: string) {
    super(`${consumer}: is paused; "resume" it first`, 409, "CONSUMER_PAUSED", { consumer });
  }
}

/** One more skipped event would exceed what a consumer stores of the ids and reasons of skipped events. 409. */
export class TooManySkippedError extends Errors.MoleculerClientError {
  override name = "TooManySkippedError";

  constructor(consumer: string, skipped: number, maxBytes: number) {
    super(
      `${consumer}: has skipped ${skipped} events, and stores at most ${maxBytes / 1024} KiB of their ids and reasons: ` +
        `change its definition, or add an upcaster, so that it can handle this event, then "retry" it`,
      409,
      "TOO_MANY_SKIPPED",
      { consumer, skipped, expected: maxBytes },
    );
  }
}

/**
 * The function `onError` threw, or returned something else than a decision. The consumer stops before the event; the
 * error is the `cause` of its status. 500.
 */
export class OnErrorFailedError extends Errors.MoleculerError {
  override name = "OnErrorFailedError";

  constructor(field: string, found: unknown, failure: string) {
    const expected = '"retry", "park", "wait" or "stop"';
    const message = `${field}: found ${show(found)}, expected ${expected}; it was asked about: ${failure}`;
    super(message, 500, "ON_ERROR_FAILED", { field, expected, actual: portable(found) });
  }
}
