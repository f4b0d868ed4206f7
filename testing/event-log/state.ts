import assert from "node:assert/strict";
import { same } from "../same.ts";
import type { LogCases } from "./log-stand.ts";
import { upTo } from "./requests.ts";

export const state: LogCases = {
  "is null where it was never written": async (stand) => {
    assert.equal(await (await stand.open()).getState("paused"), null);
  },

  "is written by whoever knows its revision, and by nobody else": async (stand) => {
    const log = await stand.open();
    assert.equal(await log.putState("paused", true, 1), null);
    assert.equal(await log.putState("paused", true, 0), 1);
    assert.equal(await log.putState("paused", false, 0), null);
    assert.equal(await log.putState("paused", { by: ["ann"] }, 1), 2);
    assert.equal(await log.putState("paused", false, 1), null);
    assert.equal(await log.putState("paused", false, 3), null);
    same(await log.getState("paused"), { value: { by: ["ann"] }, revision: 2 });
    assert.equal(await log.getState("Paused"), null);
  },

  "keeps any JSON value under any key": async (stand) => {
    const log = await stand.open();
    const values = [null, false, 0, "", [], { a: null, "a.b": { $x: "%" } }, "x".repeat(300_000)];
    const keys = ["pump", "control/a b", "it's", "a.b", "$x", "日本", "😀"];
    for (const [index, key] of keys.entries()) assert.equal(await log.putState(key, values[index], 0), 1);
    for (const [index, key] of keys.entries()) same(await log.getState(key), { value: values[index], revision: 1 });
  },

  "takes no position": async (stand) => {
    const log = await stand.open();
    await log.putState("key", 1, 0);
    assert.equal(await log.head(), 0);
  },

  "does not change with what was handed in or out": async (stand) => {
    const log = await stand.open();
    const value = { list: [1] };
    await log.putState("key", value, 0);
    value.list.push(2);
    const answer = await log.getState("key");
    (answer!.value as typeof value).list.push(3);
    same(await log.getState("key"), { value: { list: [1] }, revision: 1 });
  },

  "is written by exactly one of many at once": async (stand) => {
    const hosts = await stand.hosts(await stand.open(), 4);
    for (let revision = 0; revision < 10; revision++) {
      const answers = await Promise.all(upTo(12).map((n) => hosts[n % 4]!.putState("key", n, revision)));
      same(
        answers.filter((answer) => answer !== null),
        [revision + 1],
      );
      const winner = answers.findIndex((answer) => answer !== null) + 1;
      same(await hosts[1]!.getState("key"), { value: winner, revision: revision + 1 });
    }
  },
};
