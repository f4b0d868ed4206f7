import { Control } from "../../../../adapters/parts/commit-chain/control.ts";
import { StoreUnavailableError } from "../../../../core/errors/errors.ts";
import type { Lease } from "../../../../core/log/control.ts";
import { randomFrom } from "../../../../testing/kit/random.ts";
import { MemoryChain, MemoryServer, type OnCall } from "./memory-chain.ts";

async function on(server: MemoryServer, onCall?: OnCall): Promise<Control> {
  const chain = new MemoryChain(server, onCall);
  await chain.open();
  return new Control(chain);
}

const acquire = (control: Control, holder: string, lapsed?: string) =>
  control.acquireLease("pump", holder, 60_000, lapsed);

async function leaseOf(control: Control, holder: string): Promise<Lease> {
  const { lease } = await acquire(control, holder);
  if (!lease) throw new Error(`expected the lease for ${holder}, but another has it`);
  return lease;
}

/** States of a server that has lost acknowledged control state. */
const losses: Record<string, (server: MemoryServer) => void> = {
  "one key": (server) => void server.cells.delete("lease/pump"),
  "the last change of a key": (server) => {
    const { text } = server.cells.get("lease/pump")!;
    server.cells.set("lease/pump", { text, number: 1 });
  },
  "every key": (server) => server.cells.clear(),
  everything: (server) => {
    server.cells.clear();
    server.changes = 0;
  },
};

describe("Control state that a server has lost", () => {
  const lost = { type: "UNUSABLE_STORE", retryable: false };

  it.each(Object.entries(losses))("is no free lease to the hosts that knew it: %s", async (_, lose) => {
    const server = new MemoryServer();
    const [holder, other] = [await on(server), await on(server)];
    const lease = await leaseOf(holder, "one");
    await holder.put("at", 1, 0, lease);
    await acquire(holder, "one");
    expect(await acquire(other, "two")).toMatchObject({ lease: null, current: { holder: "one" } });
    lose(server);
    await expect(acquire(holder, "one")).rejects.toMatchObject(lost);
    await expect(acquire(other, "two")).rejects.toMatchObject(lost);
    await expect(holder.put("at", 2, 1, lease)).rejects.toMatchObject(lost);
  });

  it("is noticed by a renewal where other keys' last changes are gone", async () => {
    const server = new MemoryServer();
    const control = await on(server);
    await leaseOf(control, "one");
    const { changes } = server;
    await control.put("at", 1, 0);
    await control.put("at", 2, 1);
    server.cells.delete("state/at");
    server.changes = changes;
    for (let look = 0; look < 4; look++) await expect(acquire(control, "one")).rejects.toMatchObject(lost);
    expect(server.changes).toBe(changes + 1);
  });

  it("is not left out of a list by the host that knew it, and is if it was removed", async () => {
    const server = new MemoryServer();
    const [control, other] = [await on(server), await on(server)];
    for (const key of ["a/1", "a/2", "b/1"]) await control.put(key, key, 0);
    await other.put("a/1", undefined, 1);
    const list = () => control.states({ prefix: "a/", limit: 10 });
    expect(await list()).toMatchObject([{ key: "a/2" }]);
    server.cells.delete("state/b/1");
    expect(await list()).toMatchObject([{ key: "a/2" }]);
    server.cells.delete("state/a/2");
    await expect(list()).rejects.toMatchObject(lost);
    await expect(list()).rejects.toThrow(
      /found nothing under the key state\/a\/2 of its control state, expected change/,
    );
  });

  it("is waited for while a new leader of the servers catches up", async () => {
    const server = new MemoryServer();
    let restore: (() => void) | null = null;
    let looks = 0;
    // The new leader has caught up after a few calls.
    const control = await on(server, (moment, call) => {
      if (moment === "before" && call.includes("cells.") && restore && ++looks === 4) restore();
    });
    await control.put("at", 1, 0);
    const [before, { changes }] = [new Map(server.cells), server];
    losses["everything"]!(server);
    restore = () => Object.assign(server, { cells: before, changes });
    const answers = Promise.all([control.get("at"), control.put("at", 2, 1)]);
    expect(await answers).toEqual([{ value: expect.any(Number) as number, revision: expect.any(Number) as number }, 2]);
  });

  it("gives no epoch twice to hosts that never knew it", async () => {
    const server = new MemoryServer();
    const first = await leaseOf(await on(server), "one");
    server.cells.clear();
    const second = await leaseOf(await on(server), "two");
    expect(second.epoch).toBeGreaterThan(first.epoch);
  });

  it("is refused where a lease's epoch falls", async () => {
    const server = new MemoryServer();
    const control = await on(server);
    await control.put("at", 1, 0);
    await leaseOf(control, "one");
    const text = JSON.stringify({ holder: "two", epoch: 1, mark: "x", ttlMs: 60_000 });
    server.cells.set("lease/pump", { text, number: ++server.changes });
    await expect(acquire(control, "one")).rejects.toMatchObject(lost);
  });
});

describe("A lease in a cell", () => {
  it("is renewed by one message, whatever else has changed", async () => {
    const calls: string[] = [];
    const server = new MemoryServer();
    const control = await on(server, (moment, call) => void (moment === "before" && calls.push(call)));
    const lease = await leaseOf(control, "one");
    await (await on(server)).put("at", 1, 0);
    calls.length = 0;
    expect(await leaseOf(control, "one")).toEqual(lease);
    expect(calls).toEqual(["cells.replace"]);
  });

  it("is looked at by one message, and taken over by its mark under a higher epoch", async () => {
    const calls: string[] = [];
    const server = new MemoryServer();
    const first = await leaseOf(await on(server), "one");
    const waiting = await on(server, (moment, call) => void (moment === "before" && calls.push(call)));
    const { current } = await acquire(waiting, "two");
    expect(calls).toEqual(["cells.get"]);
    const { lease } = await acquire(waiting, "two", current!.mark);
    expect(lease!.epoch).toBeGreaterThan(first.epoch);
  });

  it("is taken again where its key was removed", async () => {
    const server = new MemoryServer();
    const first = await leaseOf(await on(server), "one");
    server.cells.set("lease/pump", { text: null, number: ++server.changes });
    expect((await leaseOf(await on(server), "two")).epoch).toBeGreaterThan(first.epoch);
  });

  it("has a higher epoch after a release, also for the same holder", async () => {
    const control = await on(new MemoryServer());
    const first = await leaseOf(control, "one");
    await control.releaseLease(first);
    expect((await leaseOf(control, "one")).epoch).toBeGreaterThan(first.epoch);
  });
});

describe("Control state in cells", () => {
  it("is not written by a holder that paused between the check of its lease and the write, even if the lease had not lapsed", async () => {
    const server = new MemoryServer();
    const other = await on(server);
    let isAsleep = false;
    const sleeper = await on(server, async (moment, call) => {
      if (!isAsleep || moment !== "before" || call !== "cells.put") return;
      isAsleep = false;
      await other.releaseLease(lease);
      await acquire(other, "other");
    });
    const lease = await leaseOf(sleeper, "sleeper");
    isAsleep = true;
    expect(await sleeper.put("at", 1, 0, lease)).toBeNull();
    expect(isAsleep).toBe(false);
    expect(await other.get("at")).toBeNull();
  });

  it.each([
    ["its end", (text: string) => text.slice(0, -3), 2],
    ["its beginning", (text: string) => text.slice(3), 0],
  ])("is refused where it is damaged at %s, and can be replaced", async (_, damage, revision) => {
    const server = new MemoryServer();
    const chain = new MemoryChain(server);
    await chain.open();
    const control = new Control(chain);
    await control.put("n", { first: 1 }, 0);
    await control.put("n", { second: 2 }, 1);
    const { text } = (await chain.keyValues.get("state/n"))!;
    await chain.keyValues.put("state/n", damage(text!), await chain.keyValues.last());
    await expect(control.get("n")).rejects.toMatchObject({ type: "DAMAGED_STATE", data: { key: "n", revision } });
    expect(await control.put("n", { third: 3 }, revision)).toBe(revision + 1);
    expect(await control.get("n")).toEqual({ value: { third: 3 }, revision: revision + 1 });
  });

  it("is written once where answers are lost", async () => {
    const random = randomFrom(Date.now());
    const server = new MemoryServer();
    let lost = 0;
    const control = await on(server, (moment, call) => {
      if (!/put|replace/.test(call)) return;
      // More losses in a row would be an outage, which ends a host's retries.
      if (lost < 5 && random() < 0.4) {
        lost++;
        throw new StoreUnavailableError("server", "nothing heard");
      }
      if (moment === "after") lost = 0;
    });
    for (let revision = 0; revision < 20; revision++)
      expect(await control.put("n", revision, revision)).toBe(revision + 1);
    expect(await control.put("n", undefined, 20)).toBe(0);
    expect(await control.get("n")).toBeNull();
    const first = await leaseOf(control, "one");
    for (let renewal = 0; renewal < 20; renewal++) expect(await leaseOf(control, "one")).toEqual(first);
    expect(await acquire(control, "two")).toMatchObject({ lease: null, current: { holder: "one" } });
  });
});
