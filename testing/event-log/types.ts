import { refusal } from "../kit/refusal.ts";
import { same } from "../kit/same.ts";
import { everything, type LogCases } from "./log-fixture.ts";
import { brokenAppend } from "./commits.ts";
import { appendTo, appended, many } from "./requests.ts";
import type { EventLog } from "../../core/log/event-log.ts";
import { compareText } from "../../core/text/text-order.ts";

/** The types of all events, counted one by one. */
async function countedIn(log: EventLog): Promise<{ type: string; count: number }[]> {
  const counts = new Map<string, number>();
  for (const { type } of await everything(log)) counts.set(type, (counts.get(type) ?? 0) + 1);
  return [...counts].map(([type, count]) => ({ type, count })).toSorted((a, b) => compareText(a.type, b.type));
}

/** The types of the stored events. */
export const storedTypes: LogCases = {
  "are counted, in the order of their names' bytes, in commits of any size": async (fixture) => {
    const log = await fixture.open();
    same(await log.types(10), []);
    await appended(
      log,
      appendTo("a", [{ type: "b.one" }, { type: "a.two" }, { type: "ｚ.three" }, { type: "😀.four" }]),
    );
    same(await log.types(10), await countedIn(log));
    await appended(log, appendTo("a", many(994, { type: "a.two" })));
    for (let n = 0; n < 4; n++) await appended(log, appendTo("b", [{ type: "b.one" }]));
    same(await log.types(10), await countedIn(log));
    await appended(log, appendTo("c", many(2100, { type: "c.five" })), appendTo("d", [{ type: "b.one" }]));
    same(await log.types(10), await countedIn(log));
    same(await log.types(2), (await countedIn(log)).slice(0, 2));
  },

  "have none of a commit that failed": async (fixture) => {
    const log = await fixture.open();
    await appended(log, appendTo("a", many(998, { type: "a.one" })));
    await refusal(() => log.append([appendTo("a", many(5, { type: "a.three" })), brokenAppend("b")]));
    await appended(log, appendTo("a", [{ type: "a.two" }]));
    same(await log.types(10), await countedIn(log));
  },
};

export const typesReopened: LogCases = {
  "has its types": async (fixture) => {
    const log = await fixture.open();
    await appended(log, appendTo("a", many(1100, { type: "a.one" })), appendTo("b", many(20, { type: "a.two" })));
    const again = await fixture.reopen(log);
    await appended(again, appendTo("a", many(900, { type: "a.two" })));
    same(await again.types(10), await countedIn(again));
  },
};
