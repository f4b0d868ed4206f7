// Random concurrent appends of several hosts, which expect the versions they know last.
import assert from "node:assert/strict";
import type { AppendRequest } from "../../core/log/append-request.ts";
import type { EventLog } from "../../core/log/event-log.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import { pick, randomFrom, times, type Random } from "../kit/random.ts";
import { same } from "../kit/same.ts";
import { everything, type LogCases } from "./log-fixture.ts";
import { appendTo, many, positionsOf, refused, upTo } from "./requests.ts";

const shared = ["a", "b", "c"];
const linked = upTo(6).map((n) => `links-${n}`);
const taken = "name.taken";
const isTaken = ({ type }: RecordedEvent) => type === taken;

/** Everything that the hosts know from their verdicts. */
class KnownState {
  readonly stored = new Map<string, RecordedEvent>();
  readonly refused = new Set<string>();
  /** Versions by stream: known ones, or expected ones of speculative appends. */
  readonly versions = new Map<string, number>();

  version = (stream: string): number => this.versions.get(stream) ?? 0;
}

function randomAppends(random: Random, known: KnownState, own: string): AppendRequest[] {
  const stream = random() < 0.7 ? own : pick(random, [...shared, pick(random, linked)]);
  const type = random() < 0.2 ? taken : "thing.happened";
  const expectedVersion = random() < 0.05 ? "any" : known.version(stream) + (random() < 0.05 ? 1 : 0);
  const request = appendTo(stream, many(pick(random, [1, 2]), { type }), { expectedVersion });
  if (expectedVersion === "any") return [request];
  const next = expectedVersion + request.events.length;
  const isFollowed = random() < 0.5;
  known.versions.set(stream, isFollowed ? next + 1 : next);
  return [
    request,
    ...(isFollowed ? [{ ...appendTo(stream, [{}], { expectedVersion: next }), dependsOn: request }] : []),
  ];
}

async function appendAll(random: Random, log: EventLog, known: KnownState, own: string): Promise<void> {
  for (const _ of upTo(20)) {
    const requests = [
      ...times(random, 2, () => randomAppends(random, known, own)),
      randomAppends(random, known, own),
    ].flat();
    const verdicts = await log.append(requests);
    verdicts.forEach((verdict, index) => {
      if ("events" in verdict)
        for (const event of verdict.events) {
          known.stored.set(event.id, event);
          known.versions.set(event.stream, Math.max(known.version(event.stream), event.version));
        }
      else {
        for (const { id } of requests[index]!.events) known.refused.add(id);
        const { type, data } = refused(verdict) as { type?: unknown; data?: { actual?: number } };
        assert.ok(
          ["VERSION_CONFLICT", "SPECULATION_FAILED", "MIXED_STREAM"].includes(String(type)),
          String(verdict.error),
        );
        if (type === "VERSION_CONFLICT") known.versions.set(requests[index]!.stream, data!.actual!);
      }
    });
    const last = verdicts.flatMap((verdict) => ("events" in verdict ? verdict.events : [])).findLast(isTaken);
    // These events come without their claims: from the first of them on they are unfolded.
    if (last) assert.ok((await log.claims.begin("name", "v1", [taken])).unfolded >= last.position);
  }
}

async function linkAll(log: EventLog): Promise<string[]> {
  const [first] = (await log.read({ after: 0, limit: 1 })).events;
  const made: string[] = [];
  for (const stream of linked)
    try {
      await log.links.add(stream, [first!.id]);
      made.push(stream);
    } catch (error) {
      assert.equal((error as { type?: unknown }).type, "MIXED_STREAM");
    }
  return made;
}

export const races: LogCases = {
  "leave each stream complete, with links and claims, whatever each host knows": async (fixture) => {
    const random = randomFrom(11);
    const [log, ...others] = (await fixture.hosts(await fixture.open(), 4)) as [EventLog, ...EventLog[]];
    const known = new KnownState();
    await log.append([appendTo("first")]);
    const [made] = await Promise.all([
      linkAll(log),
      ...others.map((other, n) => appendAll(random, other, known, `own-${n}`)),
    ]);
    const events = await everything(log);
    same(positionsOf({ events }), upTo(events.length));
    const versions = new Map<string, number>();
    for (const { stream, version } of events) {
      assert.equal(version, (versions.get(stream) ?? 0) + 1);
      versions.set(stream, version);
    }
    same(
      new Map(events.slice(1).map((event) => [event.id, event])),
      new Map([...known.stored].toSorted(([, a], [, b]) => a.position - b.position)),
    );
    for (const { id } of events) assert.ok(!known.refused.has(id));
    for (const stream of made) assert.ok(!versions.has(stream));
  },
};
