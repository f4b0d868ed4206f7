import type { OnDamaged } from "../../../core/event/damaged-event.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";
import { upcastEach } from "../../../core/catalogue/upcast-page.ts";
import type { Job } from "../host/jobs.ts";
import type { LogProblem, UncheckedPart } from "./log-problem.ts";
import { verifyClaims } from "./verify-claims.ts";
import { verifySnapshots } from "./verify-snapshots.ts";
import type { VerifiedLog } from "./verification-context.ts";

export interface LogVerification {
  ok: boolean;
  /** The log was verified up to this position, the head at its start. */
  position: number;
  streams: number;
  /** The first 100. */
  problems: LogProblem[];
  /** The number of problems. */
  total: number;
  /** Snapshots and claims that were not compared with the log, and events of a newer release; the first 100. */
  unchecked: UncheckedPart[];
}

const maxProblems = 100;
const pageSize = 1000;

/**
 * Verifies the whole log: positions are 1, 2, 3 …, versions are 1, 2, 3 … in each stream, times never decrease, and
 * payloads and metas are JSON that the current catalogue can upcast. Then verifies the state snapshots and claims of
 * deciders. Changes nothing. Memory contains one number for each stream.
 */
export async function verifyLog({ log, catalogue, deciderOf }: VerifiedLog, job: Job): Promise<LogVerification> {
  const head = await log.head();
  const versions = new Map<string, number>();
  const problems: LogProblem[] = [];
  let total = 0;
  let before = { position: 0, time: "" };
  const report = (problem: LogProblem) => {
    if (total++ < maxProblems) problems.push(problem);
  };
  const unchecked = new Map<string, UncheckedPart>();
  const reportUnchecked = (one: UncheckedPart) => {
    if (unchecked.size < maxProblems) unchecked.set(`${one.field} ${one.name}`, one);
  };
  const damaged = new Set<number>();
  const expect = (
    event: RecordedEvent,
    field: "position" | "version" | "time",
    isRight: boolean,
    expected: unknown,
  ) => {
    if (isRight) return;
    report({ position: event.position, field, found: event[field], expected });
  };
  const onDamaged: OnDamaged = ({ data, message }) => {
    const { position, field } = data as { position: number; field: "payload" | "meta" };
    damaged.add(position);
    report({ position, field, found: message, expected: "the JSON that was stored" });
  };
  while (before.position < head) {
    const limit = Math.min(pageSize, head - before.position);
    const page = await log.read({ after: before.position, limit, onDamaged });
    if (page.events.length === 0) break;
    for (const event of page.events) {
      const { position, stream, version, time } = event;
      const next = (versions.get(stream) ?? 0) + 1;
      expect(event, "position", position === before.position + 1, before.position + 1);
      expect(event, "version", version === next, next);
      expect(event, "time", time >= before.time, `${before.time} or later`);
      versions.set(stream, version);
      before = { position, time };
    }
    const { unreadable = {} } = upcastEach(catalogue, page);
    for (const { id, position } of page.events) {
      const error = unreadable[id];
      if (!error || damaged.has(position)) continue;
      if (error.type === "NEWER_EVENT") reportUnchecked({ field: "payload", name: id, why: error.message });
      else report({ position, field: "payload", found: error.message, expected: "one that the catalogue can upcast" });
    }
    damaged.clear();
    job.progress(before.position, head);
    await new Promise((turn) => setImmediate(turn));
    job.check();
  }
  if (before.position < head)
    report({ position: before.position + 1, field: "position", found: null, expected: before.position + 1 });
  const dependencies = { log, catalogue, deciderOf, job, report, reportUnchecked };
  await verifySnapshots(dependencies);
  await verifyClaims(dependencies);
  return {
    ok: total === 0,
    position: head,
    streams: versions.size,
    problems,
    total,
    unchecked: [...unchecked.values()],
  };
}
