import { AlteredHistory, type AlteredCounts } from "./altered-history.ts";
import { ValidationError } from "../../../core/errors/errors.ts";
import { Pace } from "../../../core/concurrency/pace.ts";
import { parsePosition } from "../../../core/event/position.ts";
import type { ReadTable } from "../../../core/table/read-table.ts";
import { partsOf, type PageEvent } from "../../../core/event/page-event.ts";
import { storedIdOf } from "../../../core/event/part-id.ts";
import { typeMatcher } from "../../../core/event/type-pattern.ts";
import type { EventSource } from "../../consumer/event-source.ts";
import { injectedEvents, type Injection } from "./injected-events.ts";
import type { PointInTime, PointsInTime } from "./points-in-time.ts";
import { replacedEvents, skippedEvents, type Replacements } from "./named-events.ts";
import type { Scratch, ScratchFolds } from "./scratch-folds.ts";

/** The alterations of history that `whatIf` accepts. */
export interface WhatIfChanges {
  /** Events to add. */
  inject?: Injection | Injection[];
  /** Events to omit: their ids, or a query of the store's `find`. */
  skip?: string | string[] | object;
  /** New payloads, by event id. */
  replace?: Replacements;
  /** A position or a time. Default: now. */
  until?: unknown;
}

interface AlteredTable {
  scratch: Scratch;
  point: PointInTime;
  /** The number of altered events, counting only types that the aggregate maps. */
  counts: AlteredCounts;
}

interface Dependencies {
  store: string;
  source: EventSource;
  types: readonly string[];
  table: Pick<ReadTable, "drop">;
}

/** Folds temporary tables from altered histories. */
export class WhatIf {
  readonly #d: Dependencies;
  readonly #folds: ScratchFolds;
  readonly #points: PointsInTime;

  constructor(dependencies: Dependencies, folds: ScratchFolds, points: PointsInTime) {
    this.#d = dependencies;
    this.#folds = folds;
    this.#points = points;
  }

  /** Folds the altered history, and drops its table after `work`. @throws ValidationError, InvalidQueryError */
  async use<Answer>(whatIf: WhatIfChanges, work: (alternative: AlteredTable) => Promise<Answer>): Promise<Answer> {
    const point = await this.#until(whatIf.until);
    const { history, startAtMost, findSkipped } = await this.#historyOf(whatIf, point);
    const scratch = await this.#folds.build({
      point,
      startAtMost,
      alter: async (page) => {
        await findSkipped(page.events);
        return history.alter(page);
      },
    });
    try {
      return await work({ scratch, point, counts: history.counts });
    } finally {
      await this.#d.table.drop(scratch.generation);
    }
  }

  #until(until: unknown): Promise<PointInTime> {
    if (until === undefined || until === null) return this.#points.now();
    const refuse = (found: unknown, expected: string): never => {
      throw new ValidationError([{ field: "until", found, expected }]);
    };
    const isPosition = typeof until === "number" || parsePosition(until) !== null;
    return isPosition ? this.#points.position(until, refuse) : this.#points.time(until, refuse);
  }

  async #historyOf({ inject, skip, replace }: WhatIfChanges, { position }: PointInTime) {
    const { source, store, types } = this.#d;
    const actual = { store, source, position };
    const injected = await injectedEvents(inject ?? [], actual);
    const skipped = await skippedEvents(skip ?? [], actual);
    const replaced = await replacedEvents(replace ?? [], actual);
    const both = [...replaced.payloads.keys()].find((id) => skipped.ids.has(id));
    if (both !== undefined)
      throw new ValidationError([{ field: "replace", found: both, expected: "events that are not skipped" }]);
    const isMapped = typeMatcher(types);
    const toSkip = new Set<string>();
    // Paced, because a query may have hundreds of conditions for each event.
    const findSkipped = async (events: readonly PageEvent[]) => {
      const pace = new Pace();
      toSkip.clear();
      for (const event of events.flatMap(partsOf)) {
        // By its id a stored event is skipped with everything as which it is read.
        if (skipped.ids.has(storedIdOf(event.id)) || skipped.isSkipped(event)) toSkip.add(event.id);
        if (pace.isDue()) await pace.turn();
      }
    };
    const history = new AlteredHistory({
      injected: injected.filter(({ type }) => isMapped(type)),
      isSkipped: ({ id }) => toSkip.has(id),
      replaced: replaced.payloads,
    });
    const before = Math.max(Math.min(skipped.first, replaced.first) - 1, 0);
    const startAtMost = Math.min(position, before, ...injected.map((event) => event.position));
    return { history, startAtMost, findSkipped };
  }
}
