import assert from "node:assert/strict";
import type { EventLog, Page, ReadOptions } from "../../core/log/event-log.ts";
import { categoryOf } from "../../core/event/stream-name.ts";
import { same } from "../kit/same.ts";
import type { LogCases } from "./log-fixture.ts";
import { appendTo, many, positionsOf, upTo } from "./requests.ts";

/** Largest message of any transporter: NATS refuses 1 MB. */
const maxBytes = 1_000_000;

/** Every page after `after`. Each must advance and keep the limits, and the last must say so. */
async function pages(log: EventLog, options: ReadOptions): Promise<Page[]> {
  const found: Page[] = [];
  for (let { after } = options; ;) {
    const page = await log.read({ ...options, after });
    const forward = options.backward ? -1 : 1;
    assert.ok(page.events.length <= options.limit);
    assert.ok(page.end || page.position * forward > after * forward, `no way on from ${after}`);
    const isFiltered = options.wanted !== undefined || options.category !== undefined;
    assert.ok(page.end || isFiltered || page.events.length > 0, `an empty page after ${after} that is not the end`);
    const bytes = Buffer.byteLength(JSON.stringify(page.events));
    assert.ok(bytes < maxBytes || page.events.length === 1, `${bytes} bytes in a page of ${page.events.length}`);
    found.push(page);
    if (page.end) return found;
    after = page.position;
  }
}

const read = async (log: EventLog, options: ReadOptions) => (await pages(log, options)).flatMap(positionsOf);

/** Pages of `read`. */
export const pagesOfTheLog: LogCases = {
  "begins after a position and contains at most its limit": async (fixture) => {
    const log = await fixture.open();
    await log.append([appendTo("a", many(5))]);
    const page = await log.read({ after: 1, limit: 3 });
    same([positionsOf(page), page.position, page.end], [[2, 3, 4], 4, false]);
    const rest = await log.read({ after: 4, limit: 3 });
    same([positionsOf(rest), rest.position, rest.end], [[5], 5, true]);
  },

  "is the end if its last event is the log's last, or backward its first, even where the limit cuts it": async (
    fixture,
  ) => {
    const log = await fixture.open();
    await log.append([appendTo("a", many(5))]);
    const endOf = async (options: ReadOptions) => (await log.read(options)).end;
    same([await endOf({ after: 3, limit: 1 }), await endOf({ after: 4, limit: 1 })], [false, true]);
    const backward = { limit: 1, backward: true };
    same([await endOf({ after: 3, ...backward }), await endOf({ after: 2, ...backward })], [false, true]);
  },

  "is empty, and the end, in an empty log and after the head": async (fixture) => {
    const log = await fixture.open();
    same(await log.read({ after: 0, limit: 10 }), { events: [], position: 0, end: true });
    await log.append([appendTo("a")]);
    same(await log.read({ after: 1, limit: 10 }), { events: [], position: 1, end: true });
    for (const after of [99, Number.MAX_SAFE_INTEGER])
      same(await log.read({ after, limit: 10 }), { events: [], position: after, end: true });
  },

  "may come backward, from before a position": async (fixture) => {
    const log = await fixture.open();
    await log.append([appendTo("a", many(250))]);
    const page = await log.read({ after: 251, limit: 3, backward: true });
    same([positionsOf(page), page.position, page.end], [[250, 249, 248], 248, false]);
    same(await read(log, { after: 248, limit: 1000, backward: true }), upTo(247).toReversed());
    same(await read(log, { after: 251, limit: 7, backward: true }), upTo(250).toReversed());
    same(await log.read({ after: 1, limit: 1, backward: true }), { events: [], position: 1, end: true });
    same(positionsOf(await log.read({ after: Number.MAX_SAFE_INTEGER, limit: 1, backward: true })), [250]);
  },

  "after page gives every event once, in order, whatever the limit": async (fixture) => {
    const log = await fixture.open();
    await log.append([appendTo("a", many(150)), appendTo("b", many(150))]);
    for (const limit of [1, 7, 99, 100, 101, 299, 300, 301, 10_000])
      same(await read(log, { after: 0, limit }), upTo(300), `limit ${limit}`);
  },

  "contains one category": async (fixture) => {
    const log = await fixture.open();
    const streams = ["a-1", "a", "ab-1", "a.b-1", "a-2-x", "A-1", "-a", "a_-1", "%-1", "日本-1", "a -1"];
    await log.append(streams.map((stream) => appendTo(stream)));
    for (const category of [...new Set(streams.map(categoryOf)), "none", "a-1"]) {
      const expected = streams.flatMap((stream, index) => (categoryOf(stream) === category ? [index + 1] : []));
      for (const limit of [1, 2, 100]) same(await read(log, { after: 0, limit, category }), expected);
      same(await read(log, { after: 99, limit: 2, category, backward: true }), expected.toReversed());
    }
    const none = await log.read({ after: 0, limit: 10, category: "none" });
    same(none, { events: [], position: streams.length, end: true });
  },

  "contains the wanted types, and the position up to which it has read": async (fixture) => {
    const log = await fixture.open();
    await log.append([appendTo("a", [{ type: "x" }, { type: "y" }, { type: "x" }, { type: "y" }])]);
    const wanted = (type: string) => type === "x";
    const page = await log.read({ after: 0, limit: 10, wanted });
    same([positionsOf(page), page.position, page.end], [[1, 3], 4, true]);
    const one = await log.read({ after: 1, limit: 1, wanted });
    same(positionsOf(one), [3]);
    assert.ok(one.position >= 3);
    same(positionsOf(await log.read({ after: 5, limit: 1, wanted, backward: true })), [3]);
    same(await read(log, { after: 0, limit: 9, wanted: () => false }), []);
    same(await read(log, { after: 0, limit: 9, wanted, category: "b" }), []);
  },

  "passes any number of unwanted events": async (fixture) => {
    const log = await fixture.open();
    await log.append([
      appendTo("a", many(10_000, { type: "x" })),
      appendTo("a", many(2_500, { type: "x" })),
      appendTo("b-1", [{ type: "y" }]),
    ]);
    same(await read(log, { after: 0, limit: 1, wanted: (type) => type === "y" }), [12_501]);
    same(await read(log, { after: 0, limit: 1, category: "b" }), [12_501]);
  },

  "stays below 1 MB as JSON, and continues where it was cut": async (fixture) => {
    const log = await fixture.open();
    await log.append([
      appendTo("a", many(5, { payload: "x".repeat(200 * 1024) })),
      appendTo("b", many(5, { payload: "漢".repeat(70 * 1024) })),
      appendTo("c-1", many(3000, { payload: "x".repeat(300) })),
      appendTo("d", [{ payload: "x".repeat(1024 * 1024) }, {}, { payload: "x".repeat(1024 * 1024) }]),
    ]);
    same(await read(log, { after: 0, limit: 10_000 }), upTo(3013));
    same(await read(log, { after: 3014, limit: 10_000, backward: true }), upTo(3013).toReversed());
    assert.equal((await read(log, { after: 0, limit: 10_000, category: "c" })).length, 3000);
  },

  "that says end had nothing beyond it": async (fixture) => {
    const log = await fixture.open();
    for (const count of upTo(12)) {
      await log.append([appendTo("a")]);
      for (const limit of [1, 3, 6]) {
        const found = await pages(log, { after: 0, limit });
        assert.equal(found.at(-1)!.position, count);
        for (const page of found.slice(0, -1)) assert.ok(page.position <= count);
      }
    }
  },
};
