import assert from "node:assert/strict";
import type { AppendRequest } from "../../core/log/append-request.ts";
import type { EventLog } from "../../core/log/event-log.ts";
import { same } from "../kit/same.ts";
import { everything, type LogCases } from "./log-fixture.ts";
import { appendTo, appended, ids, refused, stored } from "./requests.ts";

const continuing = (request: AppendRequest): AppendRequest => ({ ...request, continues: true });

const streamsIn = async (log: EventLog) => (await everything(log)).map(({ stream }) => stream);

/** Requests that continue the one before them, as imports send them. */
export const chains: LogCases = {
  "is stored like any other if none is refused": async (fixture) => {
    const log = await fixture.open();
    const verdicts = await log.append([continuing(appendTo("a")), appendTo("b"), continuing(appendTo("c"))]);
    assert.equal(verdicts.flatMap(stored).length, 3);
    same(await streamsIn(log), ["a", "b", "c"]);
  },

  "is refused with it, and so is every request that continues itself, and no other": async (fixture) => {
    const log = await fixture.open();
    const conflicting = appendTo("b", [{}], { expectedVersion: 7 });
    const verdicts = await log.append([
      appendTo("a"),
      continuing(conflicting),
      continuing(appendTo("c")),
      continuing(appendTo("d")),
      appendTo("e"),
      continuing(appendTo("f")),
    ]);
    assert.equal(stored(verdicts[0]).length, 1);
    for (const verdict of verdicts.slice(1, 4))
      same([refused(verdict).type, refused(verdict).data], ["VERSION_CONFLICT", refused(verdicts[1]).data]);
    same(await streamsIn(log), ["a", "e", "f"]);
    same((await log.append([continuing(appendTo("c"))])).flatMap(stored).length, 1);
  },

  "continues one that was stored before": async (fixture) => {
    const log = await fixture.open();
    const known = appendTo("a", [{ id: ids[0] }]);
    await log.append([known]);
    const verdicts = await log.append([known, continuing(appendTo("b"))]);
    same(
      verdicts.map((verdict) => "repeated" in verdict && verdict.repeated),
      [true, false],
    );
    same(await streamsIn(log), ["a", "b"]);
  },
};

const hour = 3_600_000;
const hoursAgo = (hours: number) => new Date(Date.now() - hours * hour).toISOString();

/** An append of one event with its own time. */
function at(time: string, stream = "a"): AppendRequest {
  const request = appendTo(stream);
  return { ...request, events: request.events.map((event) => ({ ...event, time })) };
}

/** Events with a time of their own. */
export const times: LogCases = {
  "is stored, and returned": async (fixture) => {
    const log = await fixture.open();
    const given = [hoursAgo(3), hoursAgo(2), hoursAgo(2)];
    const events = await appended(log, ...given.map((time) => at(time)));
    same(
      events.map(({ time }) => time),
      given,
    );
    same(await everything(log), events);
  },

  "is that of the event before it if it would be earlier": async (fixture) => {
    const log = await fixture.open();
    const [two, three] = [hoursAgo(2), hoursAgo(3)];
    await log.append([at(two)]);
    same(
      (await appended(log, at(three, "b"), at(three))).map(({ time }) => time),
      [two, two],
    );
    const [now, late] = await appended(log, appendTo("a"), at(two));
    assert.ok(now!.time > two);
    assert.equal(late!.time, now!.time);
  },

  "is now if it would be later": async (fixture) => {
    const log = await fixture.open();
    const [event] = await appended(log, at(hoursAgo(-24)));
    assert.ok(event!.time < hoursAgo(-1), `found ${event!.time}`);
  },
};
