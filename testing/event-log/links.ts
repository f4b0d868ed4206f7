import assert from "node:assert/strict";
import type { EventLog, ReadStreamOptions } from "../../core/log/event-log.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import { refusedAs } from "../kit/refusal.ts";
import { same } from "../kit/same.ts";
import { everything, type LogCases } from "./log-fixture.ts";
import { appendTo, appended, ask, ids, many, refused, stored, upTo } from "./requests.ts";

const idsOf = (events: readonly RecordedEvent[]) => events.map(({ id }) => id);

/** All events of a stream of links, read in pages; no page may exceed a transporter's message. */
export async function linkedTo(
  log: EventLog,
  stream: string,
  options: ReadStreamOptions = { afterVersion: 0, limit: 1000 },
): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for (let { afterVersion } = options; ; afterVersion = events.at(-1)!.link!.version) {
    const page = await log.readStream(stream, { ...options, afterVersion });
    if (page.length === 0) return events;
    assert.ok(page.length === 1 || Buffer.byteLength(JSON.stringify(page)) < 1_000_000, `${page.length} events`);
    events.push(...page);
  }
}

/** These events as the stream of links returns them, if it contains no others. */
const asLinked = (stream: string, events: readonly RecordedEvent[]) =>
  events.map((event, index) => ({ ...event, link: { stream, version: index + 1 } }));

const versionsOf = (events: readonly RecordedEvent[]) => events.map(({ link }) => link!.version);

export const links: LogCases = {
  "are listed by their streams, in the order of the names, each with its version": async (fixture) => {
    const log = await fixture.open();
    const events = await appended(log, appendTo("a", many(3)));
    same(await log.links.streams({ limit: 10 }), []);
    for (const [index, stream] of ["日本", "Z", "b-1", "b", "a b"].entries())
      await log.links.add(stream, idsOf(events.slice(0, 1 + (index % 3))));
    const all = [
      { stream: "Z", version: 2 },
      { stream: "a b", version: 2 },
      { stream: "b", version: 1 },
      { stream: "b-1", version: 3 },
      { stream: "日本", version: 1 },
    ];
    same(await log.links.streams({ limit: 10 }), all);
    same(await log.links.streams({ limit: 2, after: "Z" }), all.slice(1, 3));
    same(await log.links.streams({ limit: 2, after: "日本" }), []);
  },

  "bring events into a second stream, in the order given and with versions of its own": async (fixture) => {
    const log = await fixture.open();
    const [a1, a2, b1, b2] = await appended(log, appendTo("a", many(2)), appendTo("b", many(2)));
    same(await log.links.add("all", idsOf([b2!, a1!])), { version: 2, linked: 2 });
    same(await log.links.add("all", idsOf([a2!])), { version: 3, linked: 1 });
    same(await log.links.add("other", idsOf([a2!])), { version: 1, linked: 1 });
    same(await linkedTo(log, "all"), asLinked("all", [b2!, a1!, a2!]));
    same(await linkedTo(log, "other"), asLinked("other", [a2!]));
    same(await linkedTo(log, "none"), []);
    same(await log.findByIds([b1!.id]), [b1]);
  },

  "are no events": async (fixture) => {
    const log = await fixture.open();
    const events = await appended(log, appendTo("a", many(3)), appendTo("b"));
    const streams = await log.streams({ limit: 10 });
    await log.links.add("all", idsOf(events));
    assert.equal(await log.head(), 4);
    assert.equal(await log.count(ask()), 4);
    same(await everything(log), events);
    same(await log.find(ask()), events);
    same(await log.find(ask({ query: { stream: "all" } })), []);
    same(await log.findByIds(idsOf(events)), events);
    same(await log.readStream("a", { afterVersion: 0, limit: 10 }), events.slice(0, 3));
    same(await log.streams({ limit: 10 }), streams);
    same((await appended(log, appendTo("a")))[0]!.position, 5);
  },

  "are read by version, forward and backward, by wanted types": async (fixture) => {
    const log = await fixture.open();
    const types = Array.from({ length: 250 }, (_, index) => ({ type: index % 50 === 49 ? "y" : "x" }));
    const events = (await appended(log, appendTo("a", types))).toReversed();
    await log.links.add("all", idsOf(events));
    const expected = asLinked("all", events);
    for (const limit of [1, 99, 100, 101]) {
      same(await linkedTo(log, "all", { afterVersion: 0, limit }), expected);
      same(await linkedTo(log, "all", { afterVersion: 251, limit, backward: true }), expected.toReversed());
    }
    const read = async (options: ReadStreamOptions) => versionsOf(await log.readStream("all", options));
    same(await read({ afterVersion: 100, limit: 3 }), [101, 102, 103]);
    same(await read({ afterVersion: 3, limit: 9, backward: true }), [2, 1]);
    same(await read({ afterVersion: 250, limit: 9 }), []);
    const wanted = (type: string) => type === "y";
    same(await read({ afterVersion: 0, limit: 9, wanted }), [1, 51, 101, 151, 201]);
    same(await read({ afterVersion: 101, limit: 1, wanted, backward: true }), [51]);
    same(await read({ afterVersion: 201, limit: 9, wanted }), []);
  },

  "are cut into pages by bytes, names included": async (fixture) => {
    const log = await fixture.open();
    const events = await appended(
      log,
      appendTo("a", many(5, { payload: "x".repeat(200 * 1024) })),
      appendTo("b", many(2500)),
    );
    const stream = "日".repeat(255);
    await log.links.add(stream, idsOf(events));
    same(versionsOf(await linkedTo(log, stream, { afterVersion: 0, limit: 10_000 })), upTo(2505));
    const backward = { afterVersion: 2506, limit: 10_000, backward: true };
    same(versionsOf(await linkedTo(log, stream, backward)), upTo(2505).toReversed());
  },

  "of an event that the stream contains already are skipped": async (fixture) => {
    const log = await fixture.open();
    const [a, b, c] = await appended(log, appendTo("a", many(3)));
    same(await log.links.add("all", idsOf([a!, b!, a!])), { version: 2, linked: 2 });
    same(await log.links.add("all", idsOf([b!, a!])), { version: 2, linked: 0 });
    same(await log.links.add("all", idsOf([a!, c!, b!])), { version: 3, linked: 1 });
    same(await linkedTo(log, "all"), asLinked("all", [a!, b!, c!]));
  },

  "may be 10,000 at once": async (fixture) => {
    const log = await fixture.open();
    const events = await appended(log, appendTo("a", many(10_000)));
    same(await log.links.add("all", idsOf(events)), { version: 10_000, linked: 10_000 });
    same(versionsOf(await log.readStream("all", { afterVersion: 9_999, limit: 2 })), [10_000]);
  },

  "are not created at all if one of the events does not exist": async (fixture) => {
    const log = await fixture.open();
    const [event] = await appended(log, appendTo("a"));
    const { code, data } = await refusedAs("ENTITY_NOT_FOUND", () => log.links.add("all", [event!.id, ids[1], ids[2]]));
    same({ code, data }, { code: 404, data: { id: ids[1] } });
    same(await linkedTo(log, "all"), []);
    same(await log.links.add("all", [event!.id]), { version: 1, linked: 1 });
    await refusedAs("ENTITY_NOT_FOUND", () => log.links.add("all", [ids[0]]));
    same(await linkedTo(log, "all"), asLinked("all", [event!]));
  },

  "and events of its own are never in one stream": async (fixture) => {
    const log = await fixture.open();
    const [a, b] = await appended(log, appendTo("a"), appendTo("b"));
    const { code, data } = await refusedAs("MIXED_STREAM", () => log.links.add("a", [b!.id]));
    same({ code, data }, { code: 409, data: { stream: "a", expected: "links", actual: "events" } });
    same(await log.readStream("a", { afterVersion: 0, limit: 9 }), [a]);
    await log.links.add("all", [a!.id]);
    const verdicts = await log.append([
      ...(["any", 0, 1, "no-stream", "stream-exists"] as const).map((expectedVersion) =>
        appendTo("all", [{}], { expectedVersion }),
      ),
      appendTo("all", [{ id: ids[0] }]),
      appendTo("all", [{}], { commandId: "key" }),
      appendTo("a"),
      appendTo("new"),
    ]);
    for (const verdict of verdicts.slice(0, -2)) {
      const { type, data } = refused(verdict);
      same({ type, data }, { type: "MIXED_STREAM", data: { stream: "all", expected: "events", actual: "links" } });
    }
    same(verdicts.slice(-2).flatMap(stored).length, 2);
    same(await linkedTo(log, "all"), asLinked("all", [a!]));
    assert.equal(await log.head(), 4);
  },

  "and events that are appended to a new stream at once: one of the two is refused": async (fixture) => {
    const log = await fixture.open();
    const [one, other] = await fixture.hosts(log, 2);
    const [event] = await appended(log, appendTo("a"));
    for (const n of upTo(20)) {
      const stream = `s-${n}`;
      const link = () => one!.links.add(stream, [event!.id]).then(() => null);
      const append = async () => {
        const [verdict] = await other!.append([appendTo(stream, [{}], { expectedVersion: n % 4 < 2 ? "any" : 0 })]);
        return verdict && "error" in verdict ? verdict.error : null;
      };
      const both = n % 2 === 0 ? [link(), append()] : [append(), link()];
      const answers = await Promise.all(both.map((answer) => answer.catch((error: unknown) => error)));
      assert.equal(answers.filter((error) => error === null).length, 1);
      for (const error of answers) if (error) assert.equal((error as { type?: unknown }).type, "MIXED_STREAM");
      assert.equal((await log.readStream(stream, { afterVersion: 0, limit: 9 })).length, 1);
    }
  },

  "of one stream that are created concurrently lose none": async (fixture) => {
    const log = await fixture.open();
    const events = await appended(log, appendTo("a", many(40)));
    const hosts = await fixture.hosts(log, 4);
    await Promise.all(events.map(({ id }, index) => hosts[index % 4]!.links.add("all", [id])));
    const found = await linkedTo(log, "all");
    same(versionsOf(found), upTo(40));
    same(idsOf(found).toSorted(), idsOf(events).toSorted());
  },
};

export const linksOpenedAgain: LogCases = {
  "are there, can be extended, and still refuse events": async (fixture) => {
    let log = await fixture.open();
    const events = await appended(log, appendTo("a", many(3)));
    await log.links.add("all", idsOf(events.slice(0, 2)));
    log = await fixture.reopen(log);
    assert.equal(refused((await log.append([appendTo("all")]))[0]).type, "MIXED_STREAM");
    same(await linkedTo(log, "all"), asLinked("all", events.slice(0, 2)));
    same(await log.links.add("all", idsOf(events)), { version: 3, linked: 1 });
    same(await linkedTo(log, "all"), asLinked("all", events));
  },
};

export const linksInBackups: LogCases = {
  "are in the copy": async (fixture) => {
    const log = await fixture.open();
    const events = await appended(log, appendTo("a", many(3)));
    await log.links.add("all", idsOf(events));
    const { to, port } = fixture.backupOf(log);
    await log.backup(to);
    const copy = port();
    await copy.open();
    same(await linkedTo(copy, "all"), asLinked("all", events));
  },
};
