import { SpeculationFailedError, type Speculation } from "../../../core/log/speculative.ts";
import type { AppendRequest } from "../../../core/log/append-request.ts";

/** The most remembered appends. A dependent append arrives within the duration of one call, or never. */
const maxKnown = 10_000;

/**
 * Remembers the outcomes of appends on which other appends may depend. The version alone does not suffice: another
 * writer's event may have it.
 */
export class SpeculativeAppends {
  /** A request, as long as it is in the pending commit; then its outcome. */
  readonly #known = new Map<string, AppendRequest | "stored" | "refused" | "altered">();

  /**
   * Admits a request to the next commit. Call it in the order of arrival.
   * @throws SpeculationFailedError if the append on which it depends was not stored
   */
  admit(request: AppendRequest, { id, dependsOn }: Speculation, isAsSent: boolean): void {
    const before = dependsOn === null ? "stored" : (this.#known.get(dependsOn) ?? "unknown");
    if (typeof before === "object") request.dependsOn = before;
    else if (before !== "stored") {
      this.#record(id, "refused");
      throw new SpeculationFailedError(request.stream, before);
    }
    this.#record(id, isAsSent ? request : "altered");
  }

  /** Records the outcome. `isStored` is true if this request has stored the events, not an earlier one. */
  decided({ id }: Speculation, isStored: boolean): void {
    if (this.#known.get(id) !== "altered") this.#record(id, isStored ? "stored" : "refused");
  }

  /** Records that an append was rejected before it was in a commit. */
  refused({ id }: Speculation): void {
    this.#record(id, "refused");
  }

  #record(id: string, known: AppendRequest | "stored" | "refused" | "altered"): void {
    this.#known.delete(id);
    this.#known.set(id, known);
    if (this.#known.size > maxKnown) this.#known.delete(this.#known.keys().next().value!);
  }
}
