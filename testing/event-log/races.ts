// Random appends of several hosts at once, each of which says of its streams what it heard last.
import assert from "node:assert/strict";
import type { AppendRequest } from "../../core/append-request.ts";
import type { EventLog } from "../../core/event-log.ts";
import type { RecordedEvent } from "../../core/recorded-event.ts";
import { pick, randomFrom, times, type Random } from "../random.ts";
import { same } from "../same.ts";
import { everything, type LogCases } from "./log-stand.ts";
import { appendTo, many, positionsOf, refused, upTo } from "./requests.ts";

const streams = ["a", "b", "c"];
const linked = upTo(6).map((n) => `links-${n}`);
const taken = "name.taken";

/** What all of them were told. */
class Told {
  readonly stored = new Map<string, RecordedEvent>();
  readonly refused = new Set<string>();
  readonly versions = new Map<string, number>();

  version = (stream: string): number => this.versions.get(stream) ?? 0;
}

function randomAppends(random: Random, told: Told): AppendRequest[] {
  const stream = pick(random, [...streams, ...streams, pick(random, linked)]);
  const type = random() < 0.2 ? taken : "thing.happened";
  const expectedVersion = random() < 0.15 ? "any" : told.version(stream) + (random() < 0.1 ? 1 : 0);
  const request = appendTo(stream, many(pick(random, [1, 2]), { type }), { expectedVersion });
  if (expectedVersion === "any" || random() < 0.5) return [request];
  const behind = appendTo(stream, [{}], { expectedVersion: expectedVersion + request.events.length });
  return [request, { ...behind, follows: request }];
}

async function appendAll(random: Random, log: EventLog, told: Told): Promise<void> {
  for (const _ of upTo(20)) {
    const requests = [...times(random, 2, () => randomAppends(random, told)), randomAppends(random, told)].flat();
    const verdicts = await log.append(requests);
    verdicts.forEach((verdict, index) => {
      if ("events" in verdict)
        for (const event of verdict.events) {
          told.stored.set(event.id, event);
          told.versions.set(event.stream, Math.max(told.version(event.stream), event.version));
        }
      else {
        for (const { id } of requests[index]!.events) told.refused.add(id);
        const { type, data } = refused(verdict) as { type?: unknown; data?: { actual?: number } };
        assert.ok(["VERSION_CONFLICT", "SENT_AHEAD", "MIXED_STREAM"].includes(String(type)), String(verdict.error));
        if (type === "VERSION_CONFLICT") told.versions.set(requests[index]!.stream, data!.actual!);
      }
    });
  }
}

async function linkAll(log: EventLog): Promise<string[]> {
  const made: string[] = [];
  for (const stream of linked) {
    const { events } = await log.read({ after: 0, limit: 1 });
    if (
      await log.link(stream, [events[0]!.id]).then(
        () => true,
        (error) => error.type !== "MIXED_STREAM",
      )
    )
      made.push(stream);
  }
  return made;
}

export const races: LogCases = {
  "leave each stream whole, links and claims too, whatever each of them knows": async (stand) => {
    const random = randomFrom(11);
    const [log, ...others] = (await stand.hosts(await stand.open(), 4)) as [EventLog, ...EventLog[]];
    const told = new Told();
    await log.append([appendTo("first")]);
    const [made] = await Promise.all([
      linkAll(log),
      log.beginClaims("name", "v1", [taken]),
      ...others.map((other) => appendAll(random, other, told)),
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
      new Map([...told.stored].toSorted(([, a], [, b]) => a.position - b.position)),
    );
    for (const { id } of events) assert.ok(!told.refused.has(id));
    for (const stream of made) assert.ok(!versions.has(stream));
    const { stray } = await log.beginClaims("name", "v1", [taken]);
    assert.ok(stray >= events.findLast(({ type }) => type === taken)!.position);
  },
};
