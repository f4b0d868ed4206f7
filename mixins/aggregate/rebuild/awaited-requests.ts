import type { RebuildRequest } from "../../../core/consumer/consumer-control.ts";
import { StoreUnavailableError } from "../../../core/errors/errors.ts";
import { RebuildFailedError } from "../../../core/errors/snapshot-errors.ts";
import { plainText } from "../../../core/text/plain-text.ts";
import { Waiters } from "../../consumer/waiters.ts";

/** Limited because every page for the aggregate's hosts carries the reason. */
const maxReasonCharacters = 1000;

/** The callers on this node that wait for the outcome of a rebuild request. */
export class AwaitedRequests {
  /** Each waits for the switch to the generation of its request, by the request's id; resolves to the position. */
  readonly callers: Waiters<string, number>;
  readonly #aggregate: string;
  /** The errors that this node has met; the control state only keeps their messages. */
  readonly #failures = new Map<string, unknown>();

  constructor(aggregate: string) {
    this.#aggregate = aggregate;
    this.callers = new Waiters(aggregate);
  }

  /** The message of this node's failure; null if it has not failed. */
  failure(request: string): string | null {
    if (!this.#failures.has(request)) return null;
    const error = this.#failures.get(request);
    return plainText(error instanceof Error ? error.message : String(error), maxReasonCharacters);
  }

  done(request: string, position: number): void {
    this.callers.settle((wanted) => (wanted === request ? { answer: position } : null));
  }

  /** Records the error for the callers; they get it after the request has ended for every host. */
  noteFailure(request: string, error: unknown): void {
    this.#failures.set(request, error);
  }

  /** Rejects the callers that wait for another request, or for this one if it has ended. Null: there is no request. */
  rejectWaiters(request: RebuildRequest | null): void {
    this.callers.settle((id, isAsked) => {
      if (!isAsked || (id === request?.id && request.ended === undefined)) return null;
      const other = request ? "another request has taken its place" : "it was never given";
      const why = id === request?.id ? request.ended! : other;
      return { error: this.#failures.get(id) ?? new RebuildFailedError(this.#aggregate, why) };
    });
  }

  /** The node is stopping; the request remains. */
  stop(): void {
    this.callers.settle(() => ({ error: new StoreUnavailableError(this.#aggregate, "is stopping") }));
  }
}
