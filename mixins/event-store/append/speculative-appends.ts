import { SpeculationFailedError, type Speculation } from "../../../core/log/speculative.ts";
import type { AppendRequest } from "../../../core/log/append-request.ts";

/** So many appends are remembered; the next of a line comes within one call's time, or not at all. */
const maxKnown = 10_000;

/**
 * What became of the appends that others may have been decided on. A version alone would not tell: a rival's event may
 * have it.
 */
export class SpeculativeAppends {
  /** A request: it is in the commit that is being made up. */
  readonly #known = new Map<string, AppendRequest | "stored" | "refused" | "altered">();

  /**
   * Takes a request into the next commit; to be asked in the order in which they came.
   * @throws SentAheadError where what it was decided on is not stored
   */
  admit(request: AppendRequest, { id, dependsOn: after }: Speculation, isAsSent: boolean): void {
    const before = after === null ? "stored" : (this.#known.get(after) ?? "unknown");
    if (typeof before === "object") request.dependsOn = before;
    else if (before !== "stored") {
      this.#record(id, "refused");
      throw new SpeculationFailedError(request.stream, before);
    }
    this.#record(id, isAsSent ? request : "altered");
  }

  /** `isStored`: by this request, and not before. */
  decided({ id }: Speculation, isStored: boolean): void {
    if (this.#known.get(id) !== "altered") this.#record(id, isStored ? "stored" : "refused");
  }

  /** It was turned away before it could come into a commit. */
  refused({ id }: Speculation): void {
    this.#record(id, "refused");
  }

  #record(id: string, known: AppendRequest | "stored" | "refused" | "altered"): void {
    this.#known.delete(id);
    this.#known.set(id, known);
    if (this.#known.size > maxKnown) this.#known.delete(this.#known.keys().next().value!);
  }
}
