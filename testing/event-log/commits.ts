import assert from "node:assert/strict";
import type { AppendRequest } from "../../core/log/append-request.ts";
import { refusal } from "../kit/refusal.ts";
import { same } from "../kit/same.ts";
import { everything, type LogCases } from "./log-fixture.ts";
import { appendTo, appended, ask, ids, many, numbersOf, refused, stored, upTo } from "./requests.ts";

/** A request whose last event throws when it is read, so that it fails in the middle of the commit on any engine. */
export function brokenAppend(stream: string): AppendRequest {
  const request = appendTo(stream, many(3));
  const broken = request.events[2]!;
  for (const field of ["type", "payload", "payloadText"] as const)
    Object.defineProperty(broken, field, {
      get() {
        throw new Error("this event cannot be read");
      },
    });
  return request;
}

export const commits: LogCases = {
  "numbers versions within streams and positions within the log, without holes": async (fixture) => {
    const log = await fixture.open();
    const events = await appended(log, appendTo("a-1", many(2)), appendTo("b-1"), appendTo("a-1"));
    events.push(...(await appended(log, appendTo("a-1"), appendTo("b-1", many(2)))));
    same(numbersOf(events), [
      ["a-1", 1, 1],
      ["a-1", 2, 2],
      ["b-1", 1, 3],
      ["a-1", 3, 4],
      ["a-1", 4, 5],
      ["b-1", 2, 6],
      ["b-1", 3, 7],
    ]);
    assert.equal(await log.head(), 7);
    same(await everything(log), events);
  },

  "returns the events as a reader will find them": async (fixture) => {
    const log = await fixture.open();
    const payload = { text: "it's", list: [1.5, null, { deep: true }], at: new Date(0), gone: undefined };
    const events = await appended(log, appendTo("a-1", [{ id: ids[0], type: "a.b", payload, meta: { user: "ann" } }]));
    const time = events[0]!.time;
    assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    same(events, [
      {
        id: ids[0],
        type: "a.b",
        stream: "a-1",
        version: 1,
        position: 1,
        time,
        payload: { text: "it's", list: [1.5, null, { deep: true }], at: "1970-01-01T00:00:00.000Z" },
        meta: { user: "ann", correlationId: "request-1", causationId: "call-1" },
      },
    ]);
    same(await everything(log), events);
  },

  "keeps any JSON value as payload": async (fixture) => {
    const log = await fixture.open();
    const payloads = [null, false, true, 0, -1.5, 2 ** 53 - 1, 5e-324, "", "text", [], [null], {}, { a: [{}] }];
    await log.append(payloads.map((payload) => appendTo("a", [{ payload }])));
    same(
      (await everything(log)).map(({ payload }) => payload),
      payloads,
    );
  },

  "gives each append its own verdict, and stores nothing of a refused one": async (fixture) => {
    const log = await fixture.open();
    const verdicts = await log.append([
      appendTo("a", many(2), { expectedVersion: 0 }),
      appendTo("a", many(3), { expectedVersion: 0 }),
      appendTo("a", many(1), { expectedVersion: 2 }),
      appendTo("b", many(1), { expectedVersion: "stream-exists" }),
      appendTo("b", many(1), { expectedVersion: "no-stream" }),
    ]);
    same(
      verdicts.map((verdict) => "events" in verdict),
      [true, false, true, false, true],
    );
    same(refused(verdicts[1]).data, { stream: "a", expected: 0, actual: 2 });
    same(refused(verdicts[3]).data, { stream: "b", expected: "stream-exists", actual: 0 });
    same(verdicts.filter((verdict) => "events" in verdict).flatMap(stored), await everything(log));
    same(numbersOf(await everything(log)), [
      ["a", 1, 1],
      ["a", 2, 2],
      ["a", 3, 3],
      ["b", 1, 4],
    ]);
  },

  "may be empty": async (fixture) => {
    const log = await fixture.open();
    same(await log.append([]), []);
    assert.equal(await log.head(), 0);
  },

  "takes 10,000 events of one append": async (fixture) => {
    const log = await fixture.open();
    const events = await appended(log, appendTo("a", many(10_000)));
    same(numbersOf(events.slice(-1)), [["a", 10_000, 10_000]]);
    assert.equal(await log.count(ask()), 10_000);
  },

  "stores nothing at all when it fails in the middle, and numbers the next one as if it had never been sent": async (
    fixture,
  ) => {
    const log = await fixture.open();
    await log.append([appendTo("a")]);
    const error = await refusal(() => log.append([appendTo("a", [{ id: ids[0] }]), brokenAppend("b"), appendTo("c")]));
    assert.match(error.message, /this event cannot be read/);
    assert.equal(await log.head(), 1);
    assert.equal(await log.count(ask()), 1);
    same(await log.findByIds([ids[0]]), []);
    same(numbersOf(await everything(log)), [["a", 1, 1]]);
    same(numbersOf(await appended(log, appendTo("a", [{ id: ids[0] }]), appendTo("c"), appendTo("b"))), [
      ["a", 2, 2],
      ["c", 1, 3],
      ["b", 1, 4],
    ]);
  },

  "numbers the positions of many streams in the order of the commits": async (fixture) => {
    const log = await fixture.open();
    const answers: number[] = [];
    for (let commit = 0; commit < 30; commit++) {
      const requests = upTo(20).map((n) => appendTo(`s-${(n * (commit + 7)) % 13}`, many(1 + (n % 3))));
      answers.push(...(await appended(log, ...requests)).map(({ position }) => position));
    }
    same(answers, upTo(answers.length));
    const versions = new Map<string, number>();
    for (const { stream, version } of await everything(log)) {
      assert.equal(version, (versions.get(stream) ?? 0) + 1);
      versions.set(stream, version);
    }
    assert.equal(versions.size, 13);
  },
};
