import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { NewerEventError, placeOf } from "../../../core/catalogue/newer-event.ts";
import { UpcastFailedError } from "../../../core/catalogue/upcast-error.ts";
import { FrozenStateError, InvalidDecisionError } from "../../../core/decider/errors.ts";
import { AnswerTooLargeError } from "../../../core/errors/answer-too-large.ts";
import { BackupUnsupportedError } from "../../../core/errors/backup-unsupported.ts";
import { ConsumerPausedError, OnErrorFailedError, TooManySkippedError } from "../../../core/errors/consumer-errors.ts";
import * as errors from "../../../core/errors/errors.ts";
import * as snapshots from "../../../core/errors/snapshot-errors.ts";
import { CausationTooDeepError } from "../../../core/event/causation.ts";
import { DamagedEventError } from "../../../core/event/damaged-event.ts";
import { ClaimsBehindError, DuplicateClaimError } from "../../../core/log/claim-errors.ts";
import { CommandIdReusedError } from "../../../core/log/command-id.ts";
import { DamagedStateError } from "../../../core/log/damaged-state.ts";
import { MixedStreamError } from "../../../core/log/links.ts";
import { SpeculationFailedError } from "../../../core/log/speculative.ts";
import { FoldEndedError, WriteInFoldError } from "../../../core/rows/fold-errors.ts";

const problem = { field: "a", found: 5, expected: "a text" };
const cause = Object.assign(new Error("because"), { code: 409, type: "EVENT_ID_REUSED", data: { id: "1" } });
const event = { id: "1", type: "a.b", stream: "a-1", version: 1, position: 2, time: "", payload: "{", meta: "{}" };

type Wire = Error & { type: string; code: number; retryable: boolean; data: unknown };

/** Each error of the package, its code, and the fields of its data. A list of problems is an array. */
const table: readonly (readonly [error: Error, code: number, data: string])[] = [
  [new errors.ValidationError([problem]), 422, "[problem]"],
  [new errors.InvalidQueryError(problem), 422, "[problem]"],
  [new errors.InvalidRowError([problem]), 500, "[problem]"],
  [new errors.DefinitionError(problem), 500, "[problem]"],
  [new errors.UnknownAdapterError("x:", ["sqlite:"]), 500, "[problem]"],
  [new errors.VersionConflictError("a", 1, 2), 409, "actual expected stream"],
  [new errors.EventIdReusedError("1", "why"), 409, "id why"],
  [new errors.EventTooLargeError("payload", 2, 1), 413, "actual expected field"],
  [new errors.DuplicateRowError("id", 1), 409, "actual field"],
  [new errors.NotCaughtUpError("table", 2, 1, "why"), 409, "actual expected table why"],
  [new errors.UnknownParkedEventError("table", { id: "1" }), 404, "consumer id process stream"],
  [new errors.NameTakenError("a", "why"), 500, "name why"],
  [new errors.UnusableStoreError("a.db", "why"), 500, "location why"],
  [new errors.StoreUnavailableError("a.db", "why"), 503, "location why"],
  [new errors.JobRunningError("backup"), 409, "job"],
  [new BackupUnsupportedError("memory:", "why"), 409, "location why"],
  [new ConsumerPausedError("table"), 409, "consumer"],
  [new TooManySkippedError("table", 1, 2), 409, "consumer expected skipped"],
  [new errors.ImportFailedError(1, 0, cause), 409, "data line stored type"],
  [new errors.EntityNotFoundError("1"), 404, "id"],
  [new snapshots.SnapshotsNotConfiguredError("table", "why"), 409, "table why"],
  [new snapshots.UnknownSnapshotError("table", "1"), 404, "id table"],
  [new snapshots.SnapshotMismatchError("1", problem), 409, "actual expected field id"],
  [new snapshots.SnapshotDamagedError("folder", "why"), 500, "location why"],
  [new snapshots.RebuildRunningError("table", {}), 409, "table"],
  [new snapshots.RebuildFailedError("table", "why"), 409, "table why"],
  [new snapshots.StaleTableError("table", problem), 409, "actual expected field table"],
  [new UpcastFailedError(event, 1, "why"), 500, "id position schemaVersion stream type why"],
  [
    new NewerEventError({ ...placeOf(event as never), schemaVersion: 2 }),
    503,
    "id position schemaVersion stream time type version",
  ],
  [new CommandIdReusedError("c", "a.b"), 409, "command commandId"],
  [new InvalidDecisionError([problem]), 500, "[problem]"],
  [new FrozenStateError("a", "evolve", "n", null), 500, "decider function property"],
  [new AnswerTooLargeError("a.b", 2, 1), 413, "action actual expected"],
  [new CausationTooDeepError("a", 1, 2, []), 422, "actual chain expected"],
  [new DamagedEventError(event, "payload", "no JSON"), 500, "field id position stream type version why"],
  [new DuplicateClaimError("a/b", "v", "a-1", "a-2"), 409, "claimant scope stream value"],
  [new ClaimsBehindError("a/b"), 503, "scope"],
  [new DamagedStateError("key", 1), 500, "key revision"],
  [new MixedStreamError("a", "links"), 409, "actual expected stream"],
  [new SpeculationFailedError("a", "refused"), 409, "stream why"],
  [new FoldEndedError("table"), 409, "table"],
  [new WriteInFoldError("table", "a.b"), 409, "action table"],
  [new OnErrorFailedError("a.onError", "later", "why"), 500, "actual expected field"],
];

const isRetryable = (error: object) =>
  error instanceof errors.StoreUnavailableError || error instanceof NewerEventError;

const named = table.map(([error, code, data]) => [error.name, error as Wire, code, data] as const);

describe("An error", () => {
  it.each(named)("has a type that follows from its class, a code, and flat data: %s", (name, error, code, data) => {
    const type = name
      .replace(/Error$/, "")
      .replaceAll(/(?!^)[A-Z]/g, "_$&")
      .toUpperCase();
    expect(error.constructor.name).toBe(name);
    // Moleculer's own type.
    expect(error.type).toBe(name === "ValidationError" ? "VALIDATION_ERROR" : type);
    expect([error.code, error.retryable]).toEqual([code, isRetryable(error)]);
    const found = Array.isArray(error.data)
      ? "[problem]"
      : Object.keys(error.data as object)
          .toSorted()
          .join(" ");
    expect(found).toBe(data);
  });

  it.each(named.filter(([, , , data]) => data === "[problem]"))(
    "has Moleculer's data for each problem: %s",
    (_, error) => {
      for (const one of error.data as object[])
        expect(Object.keys(one).toSorted()).toEqual(["actual", "expected", "field", "message", "type"]);
    },
  );

  it("of every class is in the table", () => {
    const sources = readdirSync("core", { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
    const classes = sources.flatMap((file) =>
      [...readFileSync(join("core", file), "utf8").matchAll(/class (\w+) extends Errors\./g)].map(([, name]) => name!),
    );
    expect(classes.toSorted()).toEqual(table.map(([error]) => error.name).toSorted());
  });
});
