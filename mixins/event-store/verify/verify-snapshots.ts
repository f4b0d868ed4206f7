import { isDeepStrictEqual } from "node:util";
import type { Catalogue } from "../../../core/catalogue/catalogue.ts";
import type { DeciderDefinition } from "../../../core/decider/decider.ts";
import {
  foldInTurns,
  emptyEntity,
  unreadLast,
  type Folded,
  type StateSnapshot,
  type StoredPlace,
} from "../../../core/decider/rehydrate.ts";
import type { EventLog } from "../../../core/log/event-log.ts";
import { Pace } from "../../../core/concurrency/pace.ts";
import { partsOf } from "../../../core/event/page-event.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";
import { upcastEach } from "../../../core/catalogue/upcast-page.ts";
import { isOfFormat } from "../../../core/log/stored-format.ts";
import { snapshotPrefix } from "../host/state-snapshots.ts";
import type { VerificationContext } from "./verification-context.ts";

const snapshotsPerPage = 100;
const eventsPerPage = 1000;

/**
 * Compares each state snapshot with the event that it names. If this node has the decider with the same definition, also
 * compares its state with a fold of the log. Memory contains one page of events and one of snapshots.
 */
export async function verifySnapshots(dependencies: VerificationContext): Promise<void> {
  const { log, job } = dependencies;
  const pace = new Pace();
  for (let after: string | undefined; ;) {
    const from = after !== undefined && { after };
    const page = await log.control.states({ prefix: snapshotPrefix, ...from, limit: snapshotsPerPage });
    if (page.length === 0) return;
    for (const { key, value } of page) {
      const name = key.slice(snapshotPrefix.length);
      if (isOfFormat("stateSnapshot", value)) await verifyOne(dependencies, name, value as StateSnapshot, pace);
      else dependencies.reportUnchecked({ field: "snapshot", name, why: "a newer version has written it" });
      if (pace.isDue()) await pace.turn();
      job.check();
    }
    after = page.at(-1)!.key;
  }
}

async function verifyOne(
  { log, catalogue, deciderOf, report, reportUnchecked }: VerificationContext,
  key: string,
  snapshot: StateSnapshot,
  pace: Pace,
): Promise<void> {
  const { version, position, eventId, definition } = snapshot;
  // A decider's name contains no slash, but a stream's may.
  const stream = key.slice(key.indexOf("/") + 1);
  const [event] = await log.readStream(stream, { afterVersion: version - 1, limit: 1 });
  const actual = event?.version === version ? { eventId: event.id, position: event.position } : null;
  if (!isDeepStrictEqual(actual, { eventId, position })) {
    report({ position, field: "snapshot", found: { key, version, eventId, position }, expected: actual });
    return;
  }
  const name = key.slice(0, key.indexOf("/"));
  const decider = deciderOf(name);
  if (!decider) reportUnchecked({ field: "snapshot", name, why: `decider ${name} is not on this node` });
  if (decider?.fingerprint !== definition) return;
  const folded = await foldedUpTo(log, catalogue, decider, stream, version, pace);
  const state = folded && asKept(folded.state);
  // An event that cannot be folded is not a problem of the snapshot.
  if (folded && !isDeepStrictEqual(state, snapshot.state))
    report({ position, field: "snapshot", found: { key, version, state: snapshot.state }, expected: { state } });
}

/** Null if an event cannot be upcast or folded. */
async function foldedUpTo(
  log: EventLog,
  catalogue: Catalogue,
  decider: DeciderDefinition,
  stream: string,
  version: number,
  pace: Pace,
): Promise<Folded | null> {
  let folded = emptyEntity(decider);
  while (folded.version < version) {
    const afterVersion = folded.version;
    const stored = await log.readStream(stream, {
      afterVersion,
      limit: Math.min(eventsPerPage, version - afterVersion),
    });
    const { events: read, unreadable } = upcastEach(catalogue, { events: stored });
    if (stored.length === 0 || unreadable) return null;
    const events = read.flatMap(partsOf);
    const next = await foldOrNull(decider, folded, { events, ...unreadLast(stored, events) }, pace);
    if (!next) return null;
    folded = next;
  }
  return folded;
}

async function foldOrNull(
  decider: DeciderDefinition,
  from: Folded,
  { events, last }: { events: RecordedEvent[]; last?: StoredPlace },
  pace: Pace,
) {
  try {
    return await foldInTurns(decider, from, events, pace, last);
  } catch {
    // The decider's next command throws this error.
    return null;
  }
}

/** The state after a round trip through JSON, as it is stored. */
const asKept = (state: unknown): unknown => JSON.parse(JSON.stringify(state) ?? "null");
