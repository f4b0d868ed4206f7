import assert from "node:assert/strict";
import { refusal } from "../kit/refusal.ts";
import { same } from "../kit/same.ts";
import { brokenAppend } from "./commits.ts";
import { everything, type LogCases } from "./log-fixture.ts";
import { appendTo, appended, ask, ids, many, refused } from "./requests.ts";

/** A log after a restart of its host. */
export const reopening: LogCases = {
  "keeps events, head and identity": async (fixture) => {
    const log = await fixture.open();
    const events = await appended(log, appendTo("a", many(3)), appendTo("b"));
    const identity = await log.identity();
    const again = await fixture.reopen(log);
    assert.equal(await again.head(), 4);
    assert.equal(await again.identity(), identity);
    same(await everything(again), events);
    assert.equal(await again.count(ask({ query: { stream: "a" } })), 3);
    const [next] = await appended(again, appendTo("a", many(1), { expectedVersion: 3 }));
    same([next!.version, next!.position], [4, 5]);
  },

  "keeps identity, state and leases of a log without events": async (fixture) => {
    const log = await fixture.open();
    const identity = await log.identity();
    await log.control.put("key", { at: [1] }, 0);
    const lease = await log.control.acquireLease("pump", "node-1", 60_000);
    const again = await fixture.reopen(log);
    assert.equal(await again.identity(), identity);
    same(await again.control.get("key"), { value: { at: [1] }, revision: 1 });
    assert.equal(await again.control.put("key", 2, 0), null);
    assert.equal((await again.control.acquireLease("pump", "node-2", 60_000)).current?.holder, "node-1");
    same(await again.control.acquireLease("pump", "node-1", 60_000), lease);
  },

  "keeps its identity, whichever one a new log would have": async (fixture) => {
    const log = await fixture.port();
    await log.open({ identity: "one" });
    await log.append([appendTo("a")]);
    await log.close();
    await log.open({ identity: "another", create: false });
    assert.equal(await log.identity(), "one");
    assert.equal(await log.head(), 1);
  },

  "knows an append that is sent again, by its ids and by its command id": async (fixture) => {
    let log = await fixture.open();
    const requests = [
      appendTo("a", [{ id: ids[0], payload: 1 }, { id: ids[1] }], { expectedVersion: 0 }),
      appendTo("b", many(2), { commandId: "order 7" }),
    ];
    const events = await appended(log, ...requests);
    log = await fixture.reopen(log);
    same(await log.append(requests), [
      { events: events.slice(0, 2), repeated: true },
      { events: events.slice(2), repeated: true },
    ]);
    const [reused] = await log.append([appendTo("a", [{ id: ids[0], payload: 2 }])]);
    assert.equal(refused(reused).type, "EVENT_ID_REUSED");
    assert.equal(await log.head(), 4);
  },

  "stores once an append whose response was lost": async (fixture) => {
    const log = await fixture.open();
    const request = appendTo("a", [{ id: ids[0] }, { id: ids[1] }], { expectedVersion: 0 });
    const lost = log.append([request]).catch(() => null);
    const again = await fixture.reopen(log);
    await lost;
    const events = await appended(again, request);
    same(await everything(again), events);
    assert.equal(await again.head(), 2);
  },

  "shows nothing of a commit that failed": async (fixture) => {
    const log = await fixture.open();
    await log.append([appendTo("a")]);
    await refusal(() => log.append([appendTo("a"), brokenAppend("b")]));
    const again = await fixture.reopen(log);
    assert.equal((await everything(again)).length, 1);
    assert.equal((await appended(again, appendTo("b")))[0]!.position, 2);
  },
};
