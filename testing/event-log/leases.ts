import assert from "node:assert/strict";
import type { EventLog, Lease } from "../../core/event-log.ts";
import { same } from "../same.ts";
import type { LogCases } from "./log-stand.ts";
import { upTo } from "./requests.ts";

const long = 60_000;
const short = 60;

/** By the engine's own clock: a lease of the same length, taken after all others, has fallen free. */
async function untilLapsed(log: EventLog): Promise<void> {
  const witness = `witness ${witnesses++}`;
  await log.acquireLease(witness, "witness", short);
  while (!(await log.acquireLease(witness, "another", long))) await new Promise((turn) => setTimeout(turn, 1));
}
let witnesses = 1;

/**
 * A lease that its holder has taken and renewed for long before its first, short time was over; longer where the engine was
 * too slow for that.
 */
async function renewedInTime(log: EventLog, holder: string): Promise<{ first: Lease; renewed: Lease | null }> {
  for (let ttlMs = short; ; ttlMs *= 10) {
    const name = `renewed after ${ttlMs}`;
    const since = performance.now();
    const first = (await log.acquireLease(name, holder, ttlMs))!;
    const renewed = await log.acquireLease(name, holder, long);
    if (performance.now() - since > ttlMs) continue;
    while (performance.now() - since <= ttlMs) await untilLapsed(log);
    return { first, renewed };
  }
}

export const leases: LogCases = {
  "is held by one, who may renew it under the same epoch": async (stand) => {
    const log = await stand.open();
    const { first, renewed } = await renewedInTime(log, "node-1");
    const { name } = first;
    same({ ...first, epoch: 0 }, { name, holder: "node-1", epoch: 0 });
    same(renewed, first);
    assert.equal(await log.acquireLease(name, "node-2", long), null);
    same(await log.acquireLease(name, "node-1", long), first);
    assert.equal((await log.acquireLease("other", "node-2", long))?.holder, "node-2");
  },

  "is taken by exactly one of many at once": async (stand) => {
    const hosts = await stand.hosts(await stand.open(), 4);
    const answers = await Promise.all(upTo(12).map((n) => hosts[n % 4]!.acquireLease("pump", `node-${n}`, long)));
    assert.equal(answers.filter((lease) => lease !== null).length, 1);
  },

  "falls free when it lapses, and the next holder has a higher epoch, also where it is the same one": async (stand) => {
    const log = await stand.open();
    const first = (await log.acquireLease("pump", "node-1", short))!;
    await untilLapsed(log);
    const second = (await log.acquireLease("pump", "node-2", short))!;
    same([second.holder, second.epoch > first.epoch], ["node-2", true]);
    await untilLapsed(log);
    const third = (await log.acquireLease("pump", "node-2", long))!;
    assert.ok(third.epoch > second.epoch);
    assert.equal(await log.acquireLease("pump", "node-1", long), null);
  },

  "falls free when it is released, and a stale release frees nothing": async (stand) => {
    const log = await stand.open();
    const first = (await log.acquireLease("pump", "node-1", long))!;
    await log.releaseLease(first);
    const second = (await log.acquireLease("pump", "node-2", long))!;
    same([second.holder, second.epoch > first.epoch], ["node-2", true]);
    for (const stale of [
      first,
      { ...second, epoch: first.epoch },
      { ...second, holder: "node-1" },
      { ...second, name: "other" },
    ])
      await log.releaseLease(stale);
    assert.equal(await log.acquireLease("pump", "node-3", long), null);
    await log.releaseLease(second);
    assert.ok((await log.acquireLease("pump", "node-1", long))!.epoch > second.epoch);
  },

  "lets its holder write state, and nobody with another name, holder or epoch": async (stand) => {
    const log = await stand.open();
    const lease = (await log.acquireLease("pump", "node-1", long))!;
    assert.equal(await log.putState("at", 1, 0, lease), 1);
    for (const other of [
      { ...lease, holder: "node-2" },
      { ...lease, epoch: lease.epoch + 1 },
      { ...lease, epoch: lease.epoch - 1 },
      { ...lease, name: "other" },
    ])
      assert.equal(await log.putState("at", 2, 1, other), null);
    assert.equal(await log.putState("at", 2, 0, lease), null);
    assert.equal(await log.putState("at", 2, 1, lease), 2);
    await log.releaseLease(lease);
    assert.equal(await log.putState("at", 3, 2, lease), null);
    same(await log.getState("at"), { value: 2, revision: 2 });
  },

  "writes nothing for a holder that slept past its time, before and after another took over": async (stand) => {
    const log = await stand.open();
    const first = (await log.acquireLease("pump", "node-1", short))!;
    await untilLapsed(log);
    assert.equal(await log.putState("at", 1, 0, first), null);
    const second = (await log.acquireLease("pump", "node-2", long))!;
    assert.equal(await log.putState("at", 1, 0, first), null);
    assert.equal(await log.putState("at", 2, 0, second), 1);
    assert.equal(await log.putState("at", 3, 1, first), null);
    same(await log.getState("at"), { value: 2, revision: 1 });
  },

  "of an earlier epoch writes nothing, also where the same holder took it again": async (stand) => {
    const log = await stand.open();
    const first = (await log.acquireLease("pump", "node-1", short))!;
    await untilLapsed(log);
    const second = (await log.acquireLease("pump", "node-1", long))!;
    assert.equal(await log.putState("at", 1, 0, first), null);
    assert.equal(await log.putState("at", 1, 0, second), 1);
  },
};
