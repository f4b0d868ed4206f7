import assert from "node:assert/strict";
import { same } from "../kit/same.ts";
import type { LogCases } from "./log-fixture.ts";
import { upTo } from "./requests.ts";

/** Control state. */
export const state: LogCases = {
  "is null if it was never written": async (fixture) => {
    assert.equal(await (await fixture.open()).control.get("paused"), null);
  },

  "is written only with its current revision": async (fixture) => {
    const log = await fixture.open();
    assert.equal(await log.control.put("paused", true, 1), null);
    assert.equal(await log.control.put("paused", true, 0), 1);
    assert.equal(await log.control.put("paused", false, 0), null);
    assert.equal(await log.control.put("paused", { by: ["ann"] }, 1), 2);
    assert.equal(await log.control.put("paused", false, 1), null);
    assert.equal(await log.control.put("paused", false, 3), null);
    same(await log.control.get("paused"), { value: { by: ["ann"] }, revision: 2 });
    assert.equal(await log.control.get("Paused"), null);
  },

  "keeps any JSON value under any key": async (fixture) => {
    const log = await fixture.open();
    const values = [null, false, 0, "", [], { a: null, "a.b": { $x: "%" } }, "x".repeat(300_000)];
    const keys = ["pump", "control/a b", "it's", "a.b", "$x", "日本", "😀"];
    for (const [index, key] of keys.entries()) assert.equal(await log.control.put(key, values[index], 0), 1);
    for (const [index, key] of keys.entries()) same(await log.control.get(key), { value: values[index], revision: 1 });
  },

  "is removed with its current revision, and then as if it had never been written": async (fixture) => {
    const log = await fixture.open();
    await log.control.put("key", 1, 0);
    await log.control.put("key", 2, 1);
    assert.equal(await log.control.put("key", undefined, 0), null);
    assert.equal(await log.control.put("key", undefined, 1), null);
    same(await log.control.get("key"), { value: 2, revision: 2 });
    assert.equal(await log.control.put("key", undefined, 2), 0);
    assert.equal(await log.control.get("key"), null);
    assert.equal(await log.control.put("key", undefined, 2), null);
    assert.equal(await log.control.put("key", undefined, 0), 0);
    assert.equal(await log.control.put("key", 3, 0), 1);
  },

  "is removed only by the holder of the lease": async (fixture) => {
    const log = await fixture.open();
    const lease = (await log.control.acquireLease("job", "ann", 60_000)).lease!;
    await log.control.put("key", 1, 0, lease);
    assert.equal(await log.control.put("key", undefined, 1, { ...lease, epoch: lease.epoch + 1 }), null);
    same(await log.control.get("key"), { value: 1, revision: 1 });
    assert.equal(await log.control.put("key", undefined, 1, lease), 0);
  },

  "is listed by the beginning of its keys, in the order of their bytes, page by page": async (fixture) => {
    const log = await fixture.open();
    const keys = [
      "a/1",
      "a/10",
      "a/2",
      "a/B",
      "a/b",
      "a/%",
      "a/_",
      "a/é",
      "a/日",
      "a/😀",
      "a/\u{10ffff}",
      "a/\u{10ffff}x",
    ];
    const others = ["a", "a.", "a0", "A/1", "b/1", "aa/1"];
    for (const key of [...keys, ...others].toReversed()) await log.control.put(key, { key }, 0);
    const sorted = keys.toSorted((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
    const found = await log.control.states({ prefix: "a/", limit: 100 });
    same(
      found,
      sorted.map((key) => ({ key, value: { key }, revision: 1 })),
    );
    const paged: string[] = [];
    for (let page = await log.control.states({ prefix: "a/", limit: 5 }); page.length > 0;) {
      paged.push(...page.map(({ key }) => key));
      page = await log.control.states({ prefix: "a/", after: paged.at(-1)!, limit: 5 });
    }
    same(paged, sorted);
    same(await log.control.states({ prefix: "a/1", after: "a/1", limit: 100 }), [
      { key: "a/10", value: { key: "a/10" }, revision: 1 },
    ]);
    same(await log.control.states({ prefix: "nothing", limit: 100 }), []);
  },

  "takes no position": async (fixture) => {
    const log = await fixture.open();
    await log.control.put("key", 1, 0);
    assert.equal(await log.head(), 0);
  },

  "does not change with its argument or result": async (fixture) => {
    const log = await fixture.open();
    const value = { list: [1] };
    await log.control.put("key", value, 0);
    value.list.push(2);
    const answer = await log.control.get("key");
    (answer!.value as typeof value).list.push(3);
    same(await log.control.get("key"), { value: { list: [1] }, revision: 1 });
  },

  "is written by exactly one of many at once": async (fixture) => {
    const hosts = await fixture.hosts(await fixture.open(), 4);
    for (let revision = 0; revision < 10; revision++) {
      const answers = await Promise.all(upTo(12).map((n) => hosts[n % 4]!.control.put("key", n, revision)));
      same(
        answers.filter((answer) => answer !== null),
        [revision + 1],
      );
      const winner = answers.findIndex((answer) => answer !== null) + 1;
      same(await hosts[1]!.control.get("key"), { value: winner, revision: revision + 1 });
    }
  },
};
