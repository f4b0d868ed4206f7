import type { OnDamaged } from "../../core/damaged-event.ts";
import type { EventLog } from "../../core/event-log.ts";
import type { RecordedEvent } from "../../core/recorded-event.ts";
import type { Job } from "./jobs.ts";

/** One thing in which a stored event breaks a law. */
export interface LogProblem {
  position: number;
  field: "position" | "version" | "time" | "payload" | "meta";
  found: unknown;
  expected: unknown;
}

export interface LogVerification {
  ok: boolean;
  /** It was looked at up to here: the head when it began. */
  position: number;
  streams: number;
  /** The first 100. */
  problems: LogProblem[];
  /** How many there are. */
  total: number;
}

const maxProblems = 100;
const pageSize = 1000;

/**
 * Reads the whole log: positions 1, 2, 3 …, versions 1, 2, 3 … in each stream, times never earlier than the one before,
 * payloads and metas that are JSON. Changes nothing. Keeps one number for each stream in memory.
 */
export async function verifyLog(log: EventLog, job: Job): Promise<LogVerification> {
  const head = await log.head();
  const versions = new Map<string, number>();
  const problems: LogProblem[] = [];
  let total = 0;
  let before = { position: 0, time: "" };
  const expect = (
    event: RecordedEvent,
    field: "position" | "version" | "time",
    isRight: boolean,
    expected: unknown,
  ) => {
    if (isRight) return;
    if (total++ < maxProblems) problems.push({ position: event.position, field, found: event[field], expected });
  };
  const onDamaged: OnDamaged = ({ data, message }) => {
    const { position, field } = data as { position: number; field: "payload" | "meta" };
    if (total++ < maxProblems) problems.push({ position, field, found: message, expected: "the JSON that was stored" });
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
    job.progress(before.position, head);
    await new Promise((turn) => setImmediate(turn));
    job.check();
  }
  if (before.position < head && total++ < maxProblems)
    problems.push({ position: before.position + 1, field: "position", found: null, expected: before.position + 1 });
  return { ok: total === 0, position: head, streams: versions.size, problems, total };
}
