import assert from "node:assert/strict";
import { oddTexts } from "../kit/odd-texts.ts";
import { refusal } from "../kit/refusal.ts";
import { same } from "../kit/same.ts";
import { brokenAppend } from "./commits.ts";
import { everything, type LogCases } from "./log-fixture.ts";
import { appendTo, appended, ask, ids } from "./requests.ts";

/** Runs `work` with this process's clock set to a time. An engine with its own clock is not affected. */
async function atClock<Answer>(time: number, work: () => Promise<Answer>): Promise<Answer> {
  const RealDate = Date;
  const shift = time - RealDate.now();
  globalThis.Date = class extends RealDate {
    constructor(...given: unknown[]) {
      super(...((given.length === 0 ? [RealDate.now() + shift] : given) as [number]));
    }
    static override now = () => RealDate.now() + shift;
  } as DateConstructor;
  try {
    return await work();
  } finally {
    globalThis.Date = RealDate;
  }
}

/** Writes into every writable part of a value. Frozen parts cannot reach the store either. */
function tamper(value: unknown): void {
  if (value === null || typeof value !== "object") return;
  for (const inner of Object.values(value)) tamper(inner);
  try {
    Object.assign(value, { tampered: true, n: -1, version: -1 });
  } catch (error) {
    assert.ok(error instanceof TypeError);
  }
}

/** The text without Moleculer's wildcards, which a type must not contain. */
const typeOf = (text: string) => text.replaceAll(/[*?]/g, "+");

const hour = 3_600_000;

/** Law 9: stored events never change. */
export const storedEvents: LogCases = {
  "have times that never go back, also when the clock does": async (fixture) => {
    const log = await fixture.open();
    const now = Date.now();
    for (const time of [now, now - hour, now - 400 * 24 * hour, now - hour / 2, now])
      await atClock(time, () => log.append([appendTo("a"), appendTo("b")]));
    const times = (await everything(log)).map(({ time }) => time);
    same(times, times.toSorted());
    assert.equal(times.length, 10);
  },

  "have times that a failed commit does not affect": async (fixture) => {
    const log = await fixture.open();
    await atClock(Date.now() + 1000 * hour, () => refusal(() => log.append([brokenAppend("a")])));
    const [event] = await appended(log, appendTo("a"));
    assert.ok(Date.parse(event!.time) < Date.now() + 500 * hour, `found ${event!.time}`);
  },

  "do not change with their request": async (fixture) => {
    const log = await fixture.open();
    const request = appendTo("a", [{ payload: { n: 1, deep: { list: [1] } }, meta: { user: { name: "ann" } } }]);
    await log.append([request]);
    const before = structuredClone(await everything(log));
    tamper(request.events[0]!.payload);
    tamper(request.events[0]!.meta);
    tamper(request.events);
    same(await everything(log), before);
  },

  "do not change with a result that its reader changes": async (fixture) => {
    const log = await fixture.open();
    const request = () =>
      appendTo("a", [{ id: ids[0], payload: { n: 1, deep: { list: [{ n: 1 }] } }, meta: { user: { name: "ann" } } }]);
    const answers = [
      () => appended(log, request()),
      () => everything(log),
      () => log.readStream("a", { afterVersion: 0, limit: 1 }),
      () => log.find(ask()),
      () => log.findByIds([ids[0]]),
      () => appended(log, request()),
    ];
    const before = structuredClone(await answers[0]!());
    for (const answer of answers) {
      tamper(await answer());
      same(await everything(log), before);
    }
    same(await appended(log, request()), before);
  },

  "keep odd texts in stream, type, payload and meta, and are found by exactly them": async (fixture) => {
    const log = await fixture.open();
    await log.append(
      oddTexts.map((text) =>
        appendTo(text, [{ type: typeOf(text), payload: { [text]: text, list: [text] }, meta: { [text]: text } }]),
      ),
    );
    for (const [index, text] of oddTexts.entries()) {
      const found = await log.readStream(text, { afterVersion: 0, limit: 10 });
      assert.equal(found.length, 1, `stream ${JSON.stringify(text)}`);
      const { type, position, payload, meta } = found[0]!;
      same(
        { type, position, payload, meta: meta[text] },
        { type: typeOf(text), position: index + 1, payload: { [text]: text, list: [text] }, meta: text },
      );
      for (const query of [{ stream: text }, { "payload.list": text }]) same(await log.find(ask({ query })), found);
    }
  },

  "keep texts of 300 KB and deep nests": async (fixture) => {
    const log = await fixture.open();
    let nest: unknown = "x";
    for (let depth = 0; depth < 100; depth++) nest = depth % 2 ? [nest] : { nest };
    const payloads = ["x".repeat(300 * 1024), { text: "漢".repeat(100 * 1024) }, nest];
    await log.append(payloads.map((payload) => appendTo("a", [{ payload }])));
    same(
      (await everything(log)).map(({ payload }) => payload),
      payloads,
    );
  },
};
