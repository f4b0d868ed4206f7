import assert from "node:assert/strict";
import type { EventLog } from "../../core/log/event-log.ts";
import { refusedAs, refusedAsClosed } from "../kit/refusal.ts";
import { same } from "../kit/same.ts";
import { everything, type LogCases } from "./log-fixture.ts";
import { appendTo, appended, ask, ids, many, numbersOf, refused, stored, upTo } from "./requests.ts";

const calls = (log: EventLog): (() => Promise<unknown>)[] => [
  () => log.append([appendTo("a")]),
  () => log.append([]),
  () => log.identity(),
  () => log.head(),
  () => log.read({ after: 0, limit: 1 }),
  () => log.readStream("a", { afterVersion: 0, limit: 1 }),
  () => log.links.add("a", [ids[0]]),
  () => log.links.streams({ limit: 1 }),
  () => log.find(ask()),
  () => log.count(ask()),
  () => log.findByIds([ids[0]]),
  () => log.streams({ limit: 1 }),
  () => log.control.get("key"),
  () => log.control.put("key", 1, 0),
  () => log.control.acquireLease("pump", "node-1", 1000),
  () => log.control.releaseLease({ name: "pump", holder: "node-1", epoch: 1 }),
  () => log.backup("nowhere/x.db"),
];

/** The port itself: capabilities, opening and closing. */
export const ports: LogCases = {
  "has the capabilities that were declared for it": async (fixture) => {
    const log = await fixture.open();
    same(log.capabilities, fixture.capabilities);
    assert.notEqual(log.engine, "");
    assert.notEqual(log.location, "");
  },

  "refuses every call before it is opened, as an outage": async (fixture) => {
    for (const call of calls(await fixture.port())) await refusedAsClosed(call);
  },

  "refuses every call after it was closed, as an outage, and may be closed again": async (fixture) => {
    const log = await fixture.open();
    await log.close();
    for (const call of calls(log)) await refusedAsClosed(call);
    await log.close();
  },

  "may be opened twice": async (fixture) => {
    const log = await fixture.open();
    const events = await appended(log, appendTo("a", many(2)));
    await log.open();
    same(await everything(log), events);
    assert.equal((await appended(log, appendTo("a")))[0]!.position, 3);
  },

  "knows its log's identity, and no two logs have the same": async (fixture) => {
    const [one, other] = [await fixture.open(), await fixture.open()];
    const identity = await one.identity();
    assert.notEqual(identity, "");
    assert.notEqual(identity, await other.identity());
    await one.append([appendTo("a")]);
    assert.equal(await one.identity(), identity);
  },

  "can be created with the identity of another log": async (fixture) => {
    const [original, copy] = [await fixture.open(), await fixture.port()];
    const identity = await original.identity();
    await copy.open({ identity });
    assert.equal(await copy.identity(), identity);
    await copy.append([appendTo("a")]);
    same([await copy.head(), await original.head()], [1, 0]);
  },

  "is not created with create: false": async (fixture) => {
    const log = await fixture.port();
    for (const _ of upTo(2)) await refusedAs("UNUSABLE_STORE", () => log.open({ create: false }));
    await refusedAsClosed(() => log.head());
    await log.open();
    assert.equal(await log.head(), 0);
  },

  "is separate from other places": async (fixture) => {
    const [one, other] = [await fixture.open(), await fixture.open()];
    await one.append([appendTo("a", [{ id: ids[0] }])]);
    await one.control.put("key", 1, 0);
    await one.control.acquireLease("pump", "node-1", 60_000);
    assert.equal(await other.head(), 0);
    assert.equal(await other.control.get("key"), null);
    assert.equal((await other.control.acquireLease("pump", "node-2", 60_000)).lease?.holder, "node-2");
    same(numbersOf(await appended(other, appendTo("a", [{ id: ids[0], payload: 2 }]))), [["a", 1, 1]]);
  },
};

/** An engine that allows one host at a time. */
export const soleHost: LogCases = {
  "refuses a second one only while the first is open": async (fixture) => {
    const first = await fixture.open();
    await first.append([appendTo("a")]);
    const second = fixture.another(first);
    const { code, retryable } = await refusedAs("UNUSABLE_STORE", () => second.open());
    same({ code, retryable }, { code: 500, retryable: false });
    await refusedAsClosed(() => second.head());
    assert.equal(await first.head(), 1);
    await first.close();
    await second.open();
    await refusedAs("UNUSABLE_STORE", () => first.open());
  },
};

export const manyHosts: LogCases = {
  "see each other's events, state and leases at once": async (fixture) => {
    const [one, other] = (await fixture.hosts(await fixture.open(), 2)) as [EventLog, EventLog];
    for (const n of upTo(20)) {
      const [writer, reader] = n % 2 ? [one, other] : [other, one];
      const events = await appended(writer, appendTo("a", many(1), { expectedVersion: n - 1 }));
      assert.equal(await reader.head(), n);
      same((await reader.read({ after: n - 1, limit: 10 })).events, events);
      assert.equal(await writer.control.put("key", n, n - 1), n);
      same(await reader.control.get("key"), { value: n, revision: n });
    }
    assert.equal(await one.identity(), await other.identity());
    const { lease } = await one.control.acquireLease("pump", "node-1", 60_000);
    assert.equal((await other.control.acquireLease("pump", "node-2", 60_000)).current?.holder, "node-1");
    await other.control.releaseLease(lease!);
    assert.equal((await other.control.acquireLease("pump", "node-2", 60_000)).lease?.holder, "node-2");
  },

  "know the streams that other hosts have appended to": async (fixture) => {
    const [one, other] = (await fixture.hosts(await fixture.open(), 2)) as [EventLog, EventLog];
    await appended(other, appendTo("other", many(9), { expectedVersion: 0 }));
    await appended(one, appendTo("a", many(3), { expectedVersion: 0 }));
    for (const expectedVersion of [0, 2, 4, 9, "no-stream"] as const) {
      const [verdict, beside] = await other.append([
        appendTo("a", [{}], { expectedVersion }),
        appendTo(`beside ${expectedVersion}`, [{}], { expectedVersion: 0 }),
      ]);
      same(refused(verdict).data, { stream: "a", expected: expectedVersion, actual: 3 });
      assert.equal(stored(beside).length, 1);
    }
    const [last] = await appended(other, appendTo("a", [{}], { expectedVersion: 3 }));
    assert.equal(last!.version, 4);
    await one.links.add("links", [last!.id]);
    for (const expectedVersion of [0, 1, "no-stream"] as const) {
      const [verdict] = await other.append([appendTo("links", [{}], { expectedVersion })]);
      assert.equal(refused(verdict).type, "MIXED_STREAM");
    }
  },

  "keep one another's claims complete": async (fixture) => {
    const [one, other] = (await fixture.hosts(await fixture.open(), 2)) as [EventLog, EventLog];
    await appended(other, appendTo("other", [{}], { expectedVersion: 0 }));
    await one.claims.begin("name", "v1", ["name.taken"]);
    // Without its claims: the event has to be folded before anything can be claimed.
    await appended(other, appendTo("a", [{ type: "name.taken" }], { expectedVersion: 0 }));
    const { unfolded } = await one.claims.begin("name", "v1", ["name.taken"]);
    assert.equal(unfolded, 2);
    await appended(other, appendTo("b", [{ type: "name.taken" }], { expectedVersion: 0 }));
    assert.equal((await other.claims.begin("name", "v1", ["name.taken"])).unfolded, 3);
  },
};
