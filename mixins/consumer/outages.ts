import { isOutage } from "../../core/errors/outage.ts";
import { times } from "../../core/concurrency/times.ts";
import type { FailingEvent } from "./failure.ts";
import { waitCause } from "./worker-state.ts";

/** The outages that a worker meets. The delays grow; the worker warns once for each cause until everything responds. */
export class Outages {
  /** Everything has responded. */
  isOver = false;
  readonly #name: string;
  readonly #warn: (message: string, details: object) => void;
  #quietUntil = 0;
  #warnedOf: string | null = null;
  #nextMs = times.consumerRetry.firstMs;
  #nextTryAt = 0;

  constructor(name: string, warn: (message: string, details: object) => void) {
    this.#name = name;
    this.#warn = warn;
  }

  /** The services of a node start one after the other, so an outage soon after the start causes no warning. */
  start(): void {
    this.end();
    this.isOver = false;
    this.#quietUntil = Date.now() + times.start.quietMs;
  }

  /** Returns null, the value for "no cause". */
  end(): null {
    this.isOver = true;
    this.#warnedOf = null;
    this.#quietUntil = 0;
    this.#nextMs = times.consumerRetry.firstMs;
    return null;
  }

  /** Returns the cause, for a status. @param failing the event that has met it; null if none has */
  note(error: unknown, failing: FailingEvent | null = null): string {
    const cause = waitCause(error, failing);
    this.isOver = false;
    if (this.#warnedOf === cause || Date.now() < this.#quietUntil) return cause;
    this.#warnedOf = cause;
    const stack = error instanceof Error ? error.stack : undefined;
    this.#warn(`${this.#name} waits: ${cause}`, {
      ...(failing && placeOf(failing)),
      ...(!isOutage(error) && { stack }),
    });
    return cause;
  }

  /** How long to wait before the next attempt. */
  nextWaitMs(): number {
    const ms = this.#nextMs;
    this.#nextMs = Math.min(ms * 2, times.poll.everyMs);
    this.#nextTryAt = Date.now() + ms;
    return ms;
  }

  /** When the wait ends; null while there is none. */
  get nextTryAt(): number | null {
    return this.#nextTryAt > Date.now() ? this.#nextTryAt : null;
  }
}

const placeOf = ({ id, type, stream, version, position, process }: FailingEvent) => ({
  id,
  type,
  stream,
  version,
  position,
  ...(process !== undefined && { process }),
});
