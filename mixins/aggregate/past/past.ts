import type { AlteredCounts } from "./altered-history.ts";
import { described, type Problem } from "../../../core/errors/problem.ts";
import { StaleTableError, SnapshotMismatchError } from "../../../core/errors/snapshot-errors.ts";
import { definitionChanges, fieldChanges } from "../../../core/rows/definition.ts";
import { sameFields } from "../../../core/rows/fields.ts";
import type { QueryParams } from "../../../core/query/query.ts";
import type { Generation, ParkedEvent, Rows } from "../../../core/table/read-table.ts";
import type { EventSource } from "../../consumer/event-source.ts";
import { PointsInTime, type PointInTime, type PointChoice } from "./points-in-time.ts";
import { PastTables } from "./past-tables.ts";
import { StreamReader } from "../../consumer/stream-reader.ts";
import { ScratchFolds, type Scratch, type ScratchDependencies } from "./scratch-folds.ts";
import { tableDifferences, type TableDifferences } from "./table-differences.ts";
import { verification, type Verification } from "./verification.ts";
import { WhatIf, type WhatIfChanges } from "./what-if.ts";

export interface PastDependencies extends ScratchDependencies {
  store: string;
  source: EventSource;
  types: readonly string[];
  /** Restores a snapshot as a separate generation. @throws UnknownSnapshotError, SnapshotDamagedError */
  openSnapshot: (id: string) => Promise<Generation>;
}

/** The result of `at`. */
export interface PastAnswer {
  rows: unknown;
  position: number;
  /** Events that could not be folded, so the rows lack them. */
  parked: ParkedEvent[];
}

/** The result of `whatIf`. */
export type WhatIfAnswer = PastAnswer & AlteredCounts;

/** The result of `at` with `diff`: the differences from `position` to `to`. */
export interface PastDifferences extends TableDifferences {
  position: number;
  to: number;
  /** Events that could not be folded into the tables of the past. */
  parked: ParkedEvent[];
}

/** The result of `whatIf` with `diff`: the differences from the actual table at the same position. */
export interface WhatIfDifferences extends TableDifferences, AlteredCounts {
  position: number;
  parked: ParkedEvent[];
}

/** Runs the caller's query on the rows of a table. */
export type RunQuery = (rows: Rows) => Promise<unknown>;

/** `at`, `verify` and `whatIf` of an aggregate, on temporary tables. None of them changes the live table. */
export class Past {
  readonly #d: PastDependencies;
  readonly #folds: ScratchFolds;
  readonly #points: PointsInTime;
  readonly #tables: PastTables;
  readonly #whatIf: WhatIf;
  readonly #running = new Set<Promise<unknown>>();

  constructor(dependencies: PastDependencies) {
    this.#d = dependencies;
    this.#folds = new ScratchFolds(dependencies);
    this.#points = new PointsInTime(dependencies.source);
    this.#tables = new PastTables(dependencies.table, this.#folds);
    this.#whatIf = new WhatIf(dependencies, this.#folds, this.#points);
  }

  start(): void {
    this.#folds.start();
  }

  /** Aborts running work between two events or pages of rows, and drops the tables of the past. */
  async stop(): Promise<void> {
    this.#folds.stop();
    await Promise.allSettled(this.#running);
    await this.#tables.clear();
  }

  /** The table at a point in time. @throws ValidationError for a position beyond the head */
  at(choice: PointChoice, runQuery: RunQuery): Promise<PastAnswer> {
    return this.#run(async () => {
      const point = await this.#points.of(choice);
      return this.#tables.use(point, async ({ generation, parked }) => ({
        rows: await runQuery(generation.rows),
        position: point.position,
        parked,
      }));
    });
  }

  /** The differences between two points in time. If `to` is null, up to the head of the log, even if the live table lags. */
  diff(from: PointChoice, to: PointChoice | null, params: QueryParams): Promise<PastDifferences> {
    return this.#run(async () => {
      const before = await this.#points.of(from);
      const after = to ? await this.#points.of(to, "diff.") : await this.#headBeyondLive();
      return this.#tables.use(before, async (was) => {
        const compare = async ({ generation, parked }: Scratch, to: number): Promise<PastDifferences> => ({
          ...(await tableDifferences(was.generation, generation, params, this.#turn)),
          position: before.position,
          to,
          parked: [...new Map([...was.parked, ...parked].map((event) => [event.id, event])).values()],
        });
        return after
          ? this.#tables.use(after, (is) => compare(is, after.position))
          : this.#withCopy((generation, to) => compare({ generation, parked: [], streams: [] }, to));
      });
    });
  }

  /** The head of the log; null if the live table has reached it, so that a copy of the table replaces a fold. */
  async #headBeyondLive(): Promise<PointInTime | null> {
    const live = await this.#d.livePosition();
    const now = await this.#points.now();
    return live >= now.position ? null : now;
  }

  /** Compares the live table, or a snapshot, with a fold of the log from the beginning. */
  verify(snapshotId?: string): Promise<Verification> {
    return this.#run(async () => {
      if (snapshotId === undefined) {
        const change = this.#changeOf(this.#d.table.live());
        if (change) throw new StaleTableError(this.#d.name, change);
        return this.#withCopy((copy, position) => this.#verify(copy, position));
      }
      return this.#folds.copying(async () => this.#verifySnapshot(snapshotId, await this.#d.openSnapshot(snapshotId)));
    });
  }

  /** Runs a query on the table of an altered history. */
  whatIf(params: WhatIfChanges, runQuery: RunQuery): Promise<WhatIfAnswer> {
    return this.#run(() =>
      this.#whatIf.use(params, async ({ scratch, point, counts }) => ({
        rows: await runQuery(scratch.generation.rows),
        position: point.position,
        ...counts,
        parked: scratch.parked,
      })),
    );
  }

  /** The differences between the actual table and that of an altered history. */
  whatIfDiff(params: WhatIfChanges, query: QueryParams): Promise<WhatIfDifferences> {
    return this.#run(() =>
      this.#whatIf.use(params, ({ scratch, point, counts }) =>
        this.#tables.use(point, async (actual) => ({
          ...(await tableDifferences(actual.generation, scratch.generation, query, this.#turn)),
          position: point.position,
          ...counts,
          parked: scratch.parked,
        })),
      ),
    );
  }

  #verifySnapshot(id: string, opened: Generation): Promise<Verification> {
    return this.#dropping(opened, async (snapshot) => {
      const change = this.#changeOf(snapshot);
      if (change) throw new SnapshotMismatchError(id, change);
      return this.#verify(snapshot, (await snapshot.progress()).position);
    });
  }

  async #verify(found: Generation, position: number): Promise<Verification> {
    const point = await this.#points.now(position);
    const { generation, streams } = await this.#folds.build({ point, startAtMost: 0 });
    return this.#dropping(generation, async () => {
      const stored = await found.progress();
      const { afterId } = await this.#d.source.page(stored.position, 0);
      const expected = await generation.progress();
      // A checkpoint at position 0 does not name its log.
      const log = stored.position === 0 ? stored.log : expected.log;
      const progress = { ...expected, position: point.position, positionId: afterId, log };
      const folded = { generation: found, progress: { ...stored, position } };
      const skipped = new Set(point.skipped);
      const reader = new StreamReader(this.#d.source);
      const waiting = async function* (stream: string, afterVersion: number) {
        for await (const { id, version } of reader.all(stream, afterVersion, position))
          if (!skipped.has(id)) yield { id, version };
      };
      return verification(folded, { generation, progress, streams }, waiting, this.#turn);
    });
  }

  /** The first difference between a table's definition and the current one, if any. */
  #changeOf({ origin, fields }: Generation): Problem | undefined {
    const change = definitionChanges(origin.definition, this.#d.definition)[0];
    if (change || sameFields(fields, this.#d.fields)) return change;
    const [first] = fieldChanges(fields, this.#d.fields);
    return (
      first ?? {
        field: "fields",
        found: described([...fields.keys()].join(", ")),
        expected: [...this.#d.fields.keys()].join(", "),
      }
    );
  }

  /** Works on a copy of the live table, because the live one changes meanwhile. */
  #withCopy<Answer>(work: (copy: Generation, position: number) => Promise<Answer>): Promise<Answer> {
    return this.#folds.copying(async () => {
      const { generation, position } = await this.#folds.copyOfLive();
      return this.#dropping(generation, () => work(generation, position));
    });
  }

  async #dropping<Answer>(generation: Generation, work: (generation: Generation) => Promise<Answer>): Promise<Answer> {
    try {
      return await work(generation);
    } finally {
      await this.#d.table.drop(generation);
    }
  }

  readonly #turn = async (): Promise<void> => {
    this.#folds.assertRunning();
    await new Promise((turn) => setImmediate(turn));
  };

  async #run<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    this.#folds.assertRunning();
    const running = work();
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }
}
