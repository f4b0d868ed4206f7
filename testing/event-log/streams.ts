import assert from "node:assert/strict";
import type { EventLog, ReadStreamOptions } from "../../core/log/event-log.ts";
import { categoryOf } from "../../core/event/stream-name.ts";
import { same } from "../kit/same.ts";
import type { LogCases } from "./log-fixture.ts";
import { appendTo, appended, many, upTo } from "./requests.ts";

const versionsOf = async (log: EventLog, stream: string, options: ReadStreamOptions) =>
  (await log.readStream(stream, options)).map(({ version }) => version);

/** The stream's versions, read in pages; no page may exceed a transporter's message. */
async function readOn(log: EventLog, stream: string, options: ReadStreamOptions): Promise<number[]> {
  const versions: number[] = [];
  for (let { afterVersion } = options; ; afterVersion = versions.at(-1)!) {
    const page = await log.readStream(stream, { ...options, afterVersion });
    if (page.length === 0) return versions;
    assert.ok(!versions.includes(page[0]!.version), `version ${page[0]!.version} comes twice`);
    assert.ok(page.length === 1 || Buffer.byteLength(JSON.stringify(page)) < 1_000_000, `${page.length} events`);
    versions.push(...page.map(({ version }) => version));
  }
}

/** Reads of one stream. */
export const streams: LogCases = {
  "is read in order, from a version on": async (fixture) => {
    const log = await fixture.open();
    await log.append([appendTo("a", many(120)), appendTo("b", many(5)), appendTo("a", many(120))]);
    same(await versionsOf(log, "a", { afterVersion: 0, limit: 1000 }), upTo(240));
    same(await versionsOf(log, "a", { afterVersion: 100, limit: 3 }), [101, 102, 103]);
    same(await versionsOf(log, "a", { afterVersion: 240, limit: 3 }), []);
    same(await log.readStream("none", { afterVersion: 0, limit: 3 }), []);
    for (const limit of [1, 99, 100, 101]) same(await readOn(log, "a", { afterVersion: 0, limit }), upTo(240));
  },

  "is read backward": async (fixture) => {
    const log = await fixture.open();
    await log.append([appendTo("a", many(240)), appendTo("b", many(5))]);
    const backward = true;
    same(await versionsOf(log, "a", { afterVersion: 241, limit: 2, backward }), [240, 239]);
    same(await versionsOf(log, "a", { afterVersion: 3, limit: 200, backward }), [2, 1]);
    same(await versionsOf(log, "a", { afterVersion: 1, limit: 2, backward }), []);
    same(await readOn(log, "a", { afterVersion: 999, limit: 50, backward }), upTo(240).toReversed());
  },

  "is read by wanted types, past any number of others": async (fixture) => {
    const log = await fixture.open();
    await log.append([appendTo("a", [...many(250, { type: "x" }), { type: "y" }, { type: "y" }])]);
    const wanted = (type: string) => type === "y";
    same(await versionsOf(log, "a", { afterVersion: 0, limit: 1, wanted }), [251]);
    same(await versionsOf(log, "a", { afterVersion: 251, limit: 9, wanted }), [252]);
    same(await versionsOf(log, "a", { afterVersion: 252, limit: 9, wanted, backward: true }), [251]);
  },

  "is cut by bytes, and continues there": async (fixture) => {
    const log = await fixture.open();
    await log.append([
      appendTo("a", many(7, { payload: "x".repeat(200 * 1024) })),
      appendTo("b", [{ payload: "x".repeat(1024 * 1024) }, {}]),
    ]);
    same(await readOn(log, "a", { afterVersion: 0, limit: 100 }), upTo(7));
    same(await readOn(log, "a", { afterVersion: 8, limit: 100, backward: true }), upTo(7).toReversed());
    same(await readOn(log, "b", { afterVersion: 0, limit: 100 }), [1, 2]);
  },
};

const names = [
  "a",
  "a-",
  "a-1",
  "a-2",
  "a-2-x",
  "a.b",
  "a.b-1",
  "a_1",
  "ab",
  "ab-1",
  "A-1",
  "a b-1",
  "-x",
  "日本-1",
  "%-1",
  "a'-1",
  "\uff5a-1",
  "😀-1",
];
const inOrder = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

async function logOfNames(log: EventLog): Promise<EventLog> {
  await log.append(names.map((name) => appendTo(name)));
  return log;
}

const listed = async (log: EventLog, options: { category?: string; after?: string; limit?: number }) =>
  (await log.streams({ limit: 100, ...options })).map(({ stream }) => stream);

/** The list of streams. */
export const listOfStreams: LogCases = {
  "is in the order of the names' bytes, page by page": async (fixture) => {
    const log = await logOfNames(await fixture.open());
    same(await listed(log, {}), inOrder);
    same(await listed(log, { limit: 3 }), inOrder.slice(0, 3));
    for (const [index, after] of inOrder.entries())
      same(await listed(log, { after, limit: 4 }), inOrder.slice(index + 1, index + 5));
    same(await listed(log, { after: "a-1a" }), inOrder.slice(inOrder.indexOf("a-2")));
  },

  "of a category ends where the category does": async (fixture) => {
    const log = await logOfNames(await fixture.open());
    for (const category of [...new Set(names.map(categoryOf)), "a_", "none"]) {
      const expected = inOrder.filter((name) => categoryOf(name) === category);
      same(await listed(log, { category }), expected);
      same(await listed(log, { category, limit: 1 }), expected.slice(0, 1));
      same(await listed(log, { category, after: expected[0] ?? "" }), expected.slice(1));
    }
  },

  "contains each stream's version and the time of its last event": async (fixture) => {
    const log = await logOfNames(await fixture.open());
    const [, last] = await appended(log, appendTo("a-1", many(2)));
    const [only] = await appended(log, appendTo("a-2"));
    same(await log.streams({ category: "a", after: "a-", limit: 2 }), [
      { stream: "a-1", version: 3, time: last!.time },
      { stream: "a-2", version: 2, time: only!.time },
    ]);
  },

  "is empty in an empty log": async (fixture) => {
    same(await (await fixture.open()).streams({ limit: 10 }), []);
  },
};
