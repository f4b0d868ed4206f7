import assert from "node:assert/strict";
import type { CurrentLease, Lease } from "../../core/log/control.ts";
import type { EventLog } from "../../core/log/event-log.ts";
import { same } from "../kit/same.ts";
import type { LogCases } from "./log-fixture.ts";
import { upTo } from "./requests.ts";

const ttlMs = 5000;

async function take(log: EventLog, holder: string, lapsed?: string, name = "pump"): Promise<Lease> {
  const { lease, current } = await log.control.acquireLease(name, holder, ttlMs, lapsed);
  assert.ok(lease, `found the lease held by ${current?.holder}, expected it to be free for ${holder}`);
  return lease;
}

/** The lease as another holder sees it. */
async function look(log: EventLog, name = "pump"): Promise<CurrentLease> {
  const { lease, current } = await log.control.acquireLease(name, "looks on", ttlMs);
  assert.ok(current, `found a free lease of epoch ${lease?.epoch}, expected it to be held`);
  return current;
}

/** Takes over as if the lease had not been renewed for its duration. */
const takeOver = async (log: EventLog, holder: string): Promise<Lease> => take(log, holder, (await look(log)).mark);

/** Leases: acquisition, renewal, takeover and release. */
export const leases: LogCases = {
  "is held by one holder, which may renew it under the same epoch": async (fixture) => {
    const log = await fixture.open();
    const first = await take(log, "node-1");
    same({ ...first, epoch: 0 }, { name: "pump", holder: "node-1", epoch: 0 });
    same(await take(log, "node-1"), first);
    assert.equal((await look(log)).holder, "node-1");
    same(await take(log, "node-1"), first);
    assert.equal((await take(log, "node-2", undefined, "other")).holder, "node-2");
  },

  "is taken by exactly one of many at once": async (fixture) => {
    const hosts = await fixture.hosts(await fixture.open(), 4);
    const answers = await Promise.all(
      upTo(12).map((n) => hosts[n % 4]!.control.acquireLease("pump", `node-${n}`, ttlMs)),
    );
    const winners = answers.flatMap(({ lease }) => (lease ? [lease.holder] : []));
    assert.equal(winners.length, 1);
    const losers = answers.flatMap(({ current }) => (current ? [current.holder] : []));
    same(new Set(losers), new Set(winners));
  },

  "shows its duration, and another mark after each renewal, to waiting nodes": async (fixture) => {
    const [log, other] = (await fixture.hosts(await fixture.open(), 2)) as [EventLog, EventLog];
    const marks = new Set<string>();
    for (let renewal = 0; renewal < 4; renewal++) {
      await take(log, "node-1");
      const held = await look(other);
      same({ ...held, mark: "" }, { holder: "node-1", ttlMs, mark: "" });
      // Reading it changes nothing.
      same(await look(log), held);
      marks.add(held.mark);
    }
    assert.equal(marks.size, 4);
    await log.control.acquireLease("pump", "node-1", 2 * ttlMs);
    assert.equal((await look(log)).ttlMs, 2 * ttlMs);
  },

  "is taken over by its mark, once, under a higher epoch": async (fixture) => {
    const hosts = await fixture.hosts(await fixture.open(), 3);
    const log = hosts[0]!;
    const first = await take(log, "node-1");
    const { mark } = await look(log);
    const answers = await Promise.all(
      upTo(6).map((n) => hosts[n % 3]!.control.acquireLease("pump", `next-${n}`, ttlMs, mark)),
    );
    const [second, ...others] = answers.flatMap(({ lease }) => (lease ? [lease] : []));
    same(others, []);
    assert.ok(second!.epoch > first.epoch);
    assert.equal((await log.control.acquireLease("pump", "node-1", ttlMs)).current?.holder, second!.holder);
    assert.equal((await look(log)).holder, second!.holder);
  },

  "is not taken over by the mark of an earlier renewal": async (fixture) => {
    const log = await fixture.open();
    await take(log, "node-1");
    const { mark } = await look(log);
    const renewed = await take(log, "node-1");
    assert.equal((await log.control.acquireLease("pump", "node-2", ttlMs, mark)).current?.holder, "node-1");
    same(await take(log, "node-1"), renewed);
  },

  "falls free when it is released, and a stale release frees nothing": async (fixture) => {
    const log = await fixture.open();
    const first = await take(log, "node-1");
    await log.control.releaseLease(first);
    const second = await take(log, "node-2");
    same([second.holder, second.epoch > first.epoch], ["node-2", true]);
    for (const stale of [
      first,
      { ...second, epoch: first.epoch },
      { ...second, holder: "node-1" },
      { ...second, name: "other" },
    ])
      await log.control.releaseLease(stale);
    assert.equal((await look(log)).holder, "node-2");
    await log.control.releaseLease(second);
    assert.ok((await take(log, "node-2")).epoch > second.epoch);
  },

  "lets only its own holder, name and epoch write state": async (fixture) => {
    const log = await fixture.open();
    const lease = await take(log, "node-1");
    assert.equal(await log.control.put("at", 1, 0, lease), 1);
    for (const other of [
      { ...lease, holder: "node-2" },
      { ...lease, epoch: lease.epoch + 1 },
      { ...lease, epoch: lease.epoch - 1 },
      { ...lease, name: "other" },
    ])
      assert.equal(await log.control.put("at", 2, 1, other), null);
    assert.equal(await log.control.put("at", 2, 0, lease), null);
    assert.equal(await log.control.put("at", 2, 1, lease), 2);
    await log.control.releaseLease(lease);
    assert.equal(await log.control.put("at", 3, 2, lease), null);
    same(await log.control.get("at"), { value: 2, revision: 2 });
  },

  "writes nothing for a holder that paused until another took over": async (fixture) => {
    const log = await fixture.open();
    const first = await take(log, "node-1");
    const second = await takeOver(log, "node-2");
    assert.equal(await log.control.put("at", 1, 0, first), null);
    assert.equal(await log.control.put("at", 2, 0, second), 1);
    assert.equal(await log.control.put("at", 3, 1, first), null);
    same(await log.control.get("at"), { value: 2, revision: 1 });
  },

  "of an earlier epoch writes nothing, even if the same holder acquired it again": async (fixture) => {
    const log = await fixture.open();
    const first = await take(log, "node-1");
    await takeOver(log, "node-2");
    const third = await takeOver(log, "node-1");
    assert.equal(await log.control.put("at", 1, 0, first), null);
    assert.equal(await log.control.put("at", 1, 0, third), 1);
  },

  "is kept across a restart of the log, until another holder takes it over": async (fixture) => {
    // Data in memory ends with its host.
    if (fixture.capabilities.durability === "none") return;
    const log = await fixture.open();
    const first = await take(log, "node-1");
    const again = await fixture.reopen(log);
    assert.equal((await look(again)).holder, "node-1");
    const second = await takeOver(again, "node-2");
    assert.ok(second.epoch > first.epoch);
    assert.equal(await again.control.put("at", 1, 0, first), null);
  },
};
