import { Control } from "../../../adapters/chain/control.ts";
import { StoreUnavailableError } from "../../../core/errors.ts";
import { randomFrom } from "../../../testing/random.ts";
import { MemoryChain, MemoryServer, type OnCall } from "./memory-chain.ts";

async function on(server: MemoryServer, onCall?: OnCall): Promise<Control> {
  const chain = new MemoryChain(server, onCall);
  await chain.open();
  return new Control(chain);
}

/** What a server has when it has lost something that it acknowledged. */
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
    const lease = (await holder.acquire("pump", "one", 60_000))!;
    await holder.put("at", 1, 0, lease);
    await holder.acquire("pump", "one", 60_000);
    expect(await other.acquire("pump", "two", 60_000)).toBeNull();
    lose(server);
    await expect(holder.acquire("pump", "one", 60_000)).rejects.toMatchObject(lost);
    await expect(other.acquire("pump", "two", 60_000)).rejects.toMatchObject(lost);
    await expect(holder.put("at", 2, 1, lease)).rejects.toMatchObject(lost);
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
    const control = await on(server);
    await control.put("at", 1, 0);
    const [before, { changes }] = [new Map(server.cells), server];
    losses["everything"]!(server);
    const answers = Promise.all([control.get("at"), control.put("at", 2, 1)]);
    setTimeout(() => Object.assign(server, { cells: before, changes }), 50);
    expect(await answers).toEqual([{ value: expect.any(Number) as number, revision: expect.any(Number) as number }, 2]);
  });

  it("gives no epoch twice to hosts that never knew it", async () => {
    const server = new MemoryServer();
    const first = (await (await on(server)).acquire("pump", "one", 60_000))!;
    server.cells.clear();
    const second = (await (await on(server)).acquire("pump", "two", 60_000))!;
    expect(second.epoch).toBeGreaterThan(first.epoch);
  });

  it("is refused where a lease's epoch falls", async () => {
    const server = new MemoryServer();
    const control = await on(server);
    await control.put("at", 1, 0);
    await control.acquire("pump", "one", 60_000);
    const text = JSON.stringify({ id: "x", holder: "two", epoch: 1, expires: Date.now() + 60_000 });
    server.cells.set("lease/pump", { text, number: ++server.changes });
    await expect(control.acquire("pump", "one", 60_000)).rejects.toMatchObject(lost);
  });
});

describe("Control state in cells", () => {
  it("is not written by a holder who slept between the look at his lease and the write, though it had not lapsed", async () => {
    const server = new MemoryServer();
    const other = await on(server);
    let isAsleep = false;
    const sleeper = await on(server, async (moment, call) => {
      if (!isAsleep || moment !== "before" || call !== "cells.put") return;
      isAsleep = false;
      await other.release(lease);
      await other.acquire("pump", "other", 60_000);
    });
    const lease = (await sleeper.acquire("pump", "sleeper", 60_000))!;
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
    const { text } = (await chain.cells.get("state/n"))!;
    await chain.cells.put("state/n", damage(text!), await chain.cells.last());
    await expect(control.get("n")).rejects.toMatchObject({ type: "DAMAGED_STATE", data: { key: "n", revision } });
    expect(await control.put("n", { third: 3 }, revision)).toBe(revision + 1);
    expect(await control.get("n")).toEqual({ value: { third: 3 }, revision: revision + 1 });
  });

  it("is written once where answers are lost", async () => {
    const random = randomFrom(Date.now());
    const server = new MemoryServer();
    const control = await on(server, (_, call) => {
      if (call === "cells.put" && random() < 0.4) throw new StoreUnavailableError("server", "nothing heard");
    });
    for (let revision = 0; revision < 20; revision++)
      expect(await control.put("n", revision, revision)).toBe(revision + 1);
    expect(await control.put("n", undefined, 20)).toBe(0);
    expect(await control.get("n")).toBeNull();
    const lease = await control.acquire("pump", "one", 60_000);
    expect(lease?.epoch).toBeGreaterThan(0);
    expect(await control.acquire("pump", "two", 60_000)).toBeNull();
  });
});
