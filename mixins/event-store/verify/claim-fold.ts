import type { Catalogue } from "../../../core/catalogue/catalogue.ts";
import { claimChanges, typesOf, type Claim } from "../../../core/decider/claim.ts";
import type { EventLog } from "../../../core/log/event-log.ts";
import { Pace } from "../../../core/concurrency/pace.ts";
import { partsOf } from "../../../core/event/page-event.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";
import { storedMatcher } from "../../../core/catalogue/stored-types.ts";
import { upcastEach } from "../../../core/catalogue/upcast-page.ts";
import type { ClaimRange } from "./claim-range.ts";
import type { Job } from "../host/jobs.ts";

interface Dependencies {
  log: EventLog;
  catalogue: Catalogue;
  job: Job;
}

const pageSize = 1000;

/** Why the claims of a scope cannot be compared with the log. */
export class UncheckedError extends Error {}

/** Folds the events of a claim's types into a range. */
export class RangeFold {
  position = 0;
  readonly #dependencies: Dependencies;
  readonly #claim: Claim;
  readonly #range: ClaimRange;
  readonly #isOfClaim: (type: string) => boolean;
  readonly #pace = new Pace();
  /** True during the first fold. Later the range must not be narrowed, because claims have been compared with it. */
  #isFirst = true;

  constructor(dependencies: Dependencies, claim: Claim, range: ClaimRange) {
    this.#dependencies = dependencies;
    this.#claim = claim;
    this.#range = range;
    const types = new Set(typesOf(claim));
    this.#isOfClaim = (type) => types.has(type);
  }

  /** Folds on up to a position. @throws UncheckedError, DamagedEventError if an event cannot be read */
  async continueTo(position: number): Promise<void> {
    const { log, catalogue, job } = this.#dependencies;
    while (this.position < position) {
      const page = await log.read({
        after: this.position,
        limit: Math.min(pageSize, position - this.position),
        wanted: storedMatcher(catalogue, this.#isOfClaim),
      });
      const { events, unreadable = {} } = upcastEach(catalogue, page, this.#isOfClaim);
      for (const event of events) {
        if (event.position > position) break;
        if (unreadable[event.id]) throw new UncheckedError(unreadable[event.id]!.message);
        for (const part of partsOf(event)) this.#fold(part);
        if (this.#isFirst && this.#range.isFull) await this.#range.narrow(this.#pace);
        if (this.#pace.isDue()) await this.#pace.turn();
      }
      // No progress: the log ends here, although its head was higher.
      if (page.position <= this.position) break;
      this.position = Math.min(page.position, position);
      job.check();
    }
    this.position = position;
    this.#isFirst = false;
  }

  #fold(event: RecordedEvent): void {
    try {
      for (const change of claimChanges(this.#claim, [event])) this.#range.change(event.stream, change);
    } catch (error) {
      throw new UncheckedError(`event at position ${event.position}: ${String(error)}`);
    }
  }
}
