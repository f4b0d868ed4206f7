import type { RebuildRequest } from "../../../core/consumer/consumer-control.ts";
import { StoreUnavailableError } from "../../../core/errors/errors.ts";
import { RebuildFailedError } from "../../../core/errors/snapshot-errors.ts";
import { plainText } from "../../../core/text/plain-text.ts";
import { Waiters } from "../../consumer/waiters.ts";

/** Every page for the aggregate's hosts carries the reason. */
const maxReasonCharacters = 1000;

/** The callers that wait for the outcome of a rebuild request on this node. */
export class AwaitedRequests {
  /** Each wants the position of the switch to the generation of its request, by the request's id. */
  readonly callers: Waiters<string, number>;
  readonly #aggregate: string;
  /** The errors that this node met; the control state only keeps their messages. */
  readonly #failures = new Map<string, unknown>();

  constructor(aggregate: string) {
    this.#aggregate = aggregate;
    this.callers = new Waiters(aggregate);
  }

  /** Why it failed on this node; null if it has not. */
  failure(request: string): string | null {
    if (!this.#failures.has(request)) return null;
    const error = this.#failures.get(request);
    return plainText(error instanceof Error ? error.message : String(error), maxReasonCharacters);
  }

  done(request: string, position: number): void {
    this.callers.settle((wanted) => (wanted === request ? { answer: position } : null));
  }

  /** For the callers, when the request has ended for every host. */
  noteFailure(request: string, error: unknown): void {
    this.#failures.set(request, error);
  }

  /** Rejects the callers that wait for another request, or for this one if it has ended. Null: none was ever given. */
  rejectWaiters(request: RebuildRequest | null): void {
    this.callers.settle((id, isAsked) => {
      if (!isAsked || (id === request?.id && request.ended === undefined)) return null;
      const other = request ? "another order has taken its place" : "it was never given";
      const why = id === request?.id ? request.ended! : other;
      return { error: this.#failures.get(id) ?? new RebuildFailedError(this.#aggregate, why) };
    });
  }

  /** The node stops; the request stays. */
  stop(): void {
    this.callers.settle(() => ({ error: new StoreUnavailableError(this.#aggregate, "is stopping") }));
  }
}
