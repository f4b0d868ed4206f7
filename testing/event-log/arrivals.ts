import assert from "node:assert/strict";
import type { EventLog } from "../../core/log/event-log.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import { randomFrom, type Random } from "../kit/random.ts";
import { same } from "../kit/same.ts";
import { everything, type LogCases } from "./log-fixture.ts";
import { appendTo, appended, many, positionsOf, upTo } from "./requests.ts";

const turn = () => new Promise<void>((done) => setImmediate(done));

/** Appends in sequence, some alone and some in a group. */
async function write(log: EventLog, name: string, random: Random): Promise<number> {
  let count = 0;
  for (let commit = 0; commit < 25; commit++) {
    const requests = upTo(1 + Math.floor(random() * 3)).map((n) =>
      appendTo(`s-${Math.floor(random() * 5)}`, many(n, { payload: { name, commit } })),
    );
    count += (await appended(log, ...requests)).length;
    if (random() < 0.5) await turn();
  }
  return count;
}

/** Polls the log; fails if a position appears late, twice or never. */
async function pollUntil(log: EventLog, isOver: () => boolean, limit: number): Promise<RecordedEvent[]> {
  const seen: RecordedEvent[] = [];
  for (;;) {
    const last = isOver();
    const head = await log.head();
    const page = await log.read({ after: seen.length, limit });
    const expected = upTo(seen.length + page.events.length).slice(seen.length);
    same(positionsOf(page), expected, `read after ${seen.length}`);
    assert.ok(page.end ? page.position >= head : page.events.length > 0, "a page ended before the head");
    seen.push(...page.events);
    if (last && page.end) return seen;
    if (page.end) await turn();
  }
}

/** Law 3: no event appears late. */
export const arrivals: LogCases = {
  "comes late to readers that follow while many write": async (fixture) => {
    const hosts = await fixture.hosts(await fixture.open(), 3);
    const random = randomFrom(7);
    let isOver = false;
    const writers = Promise.all(
      upTo(8).map((n) => write(hosts[n % 3]!, `writer ${n}`, randomFrom(random() * 2 ** 32))),
    ).finally(() => (isOver = true));
    const [counts, ...readers] = await Promise.all([
      writers,
      ...hosts.map((host, index) => pollUntil(host, () => isOver, 1 + index * 10)),
    ]);
    const all = await everything(hosts[0]!);
    assert.equal(
      all.length,
      counts.reduce((sum, count) => sum + count, 0),
    );
    for (const seen of readers) same(seen, all);
    const versions = new Map<string, number>();
    for (const { stream, version } of all) {
      assert.equal(version, (versions.get(stream) ?? 0) + 1);
      versions.set(stream, version);
    }
  },
};
