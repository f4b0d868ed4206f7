import { SentAheadError, type Ahead } from "../../../core/log/ahead.ts";
import type { AppendRequest } from "../../../core/log/append-request.ts";

/** So many appends are remembered; the next of a line comes within one call's time, or not at all. */
const maxKnown = 10_000;

/**
 * What became of the appends that others may have been decided on. A version alone would not tell: a rival's event may
 * have it.
 */
export class SentAhead {
  /** A request: it is in the commit that is being made up. */
  readonly #known = new Map<string, AppendRequest | "stored" | "refused" | "altered">();

  /**
   * Takes a request into the next commit; to be asked in the order in which they came.
   * @throws SentAheadError where what it was decided on is not stored
   */
  admit(request: AppendRequest, { id, after }: Ahead, isAsSent: boolean): void {
    const before = after === null ? "stored" : (this.#known.get(after) ?? "unknown");
    if (typeof before === "object") request.follows = before;
    else if (before !== "stored") {
      this.#note(id, "refused");
      throw new SentAheadError(request.stream, before);
    }
    this.#note(id, isAsSent ? request : "altered");
  }

  /** `isStored`: by this request, and not before. */
  decided({ id }: Ahead, isStored: boolean): void {
    if (this.#known.get(id) !== "altered") this.#note(id, isStored ? "stored" : "refused");
  }

  /** It was turned away before it could come into a commit. */
  refused({ id }: Ahead): void {
    this.#note(id, "refused");
  }

  #note(id: string, known: AppendRequest | "stored" | "refused" | "altered"): void {
    this.#known.delete(id);
    this.#known.set(id, known);
    if (this.#known.size > maxKnown) this.#known.delete(this.#known.keys().next().value!);
  }
}
