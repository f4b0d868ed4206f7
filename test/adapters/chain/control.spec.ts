import { Control } from "../../../adapters/chain/control.ts";
import { StoreUnavailableError } from "../../../core/errors.ts";
import { randomFrom } from "../../../testing/random.ts";
import { MemoryChain, MemoryServer, type OnCall } from "./memory-chain.ts";

async function on(server: MemoryServer, onCall?: OnCall): Promise<Control> {
  const chain = new MemoryChain(server, onCall);
  await chain.open();
  return new Control(chain);
}

describe("Control state in cells", () => {
  it("is not written by a holder who slept between the look at his lease and the write, though it had not lapsed", async () => {
    const server = new MemoryServer();
    const other = await on(server);
    let isAsleep = false;
    const sleeper = await on(server, async (moment, call) => {
      if (!isAsleep || moment !== "before" || call !== "cells.put") return;
      isAsleep = false;
      await other.release(lease!);
      await other.acquire({ name: "pump", holder: "other", ttlMs: 60_000 });
    });
    const { lease } = await sleeper.acquire({ name: "pump", holder: "sleeper", ttlMs: 60_000 });
    isAsleep = true;
    expect(await sleeper.put("at", 1, 0, lease!)).toBeNull();
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
    const text = (await chain.cells.get("state/n"))!;
    await chain.cells.put("state/n", damage(text), await chain.cells.last());
    await expect(control.get("n")).rejects.toMatchObject({ type: "DAMAGED_STATE", data: { key: "n", revision } });
    expect(await control.put("n", { third: 3 }, revision)).toBe(revision + 1);
    expect(await control.get("n")).toEqual({ value: { third: 3 }, revision: revision + 1 });
  });

  it("is written once where answers are lost", async () => {
    const random = randomFrom(Date.now());
    const server = new MemoryServer();
    const control = await on(server, (_, call) => {
      if (/put|replace/.test(call) && random() < 0.4) throw new StoreUnavailableError("server", "nothing heard");
    });
    for (let revision = 0; revision < 20; revision++)
      expect(await control.put("n", revision, revision)).toBe(revision + 1);
    expect(await control.put("n", undefined, 20)).toBe(0);
    expect(await control.get("n")).toBeNull();
    for (let renewal = 0; renewal < 20; renewal++)
      expect(await control.acquire({ name: "pump", holder: "one", ttlMs: 60_000 })).toMatchObject({
        lease: { holder: "one", epoch: 1 },
      });
    expect(await control.acquire({ name: "pump", holder: "two", ttlMs: 60_000 })).toMatchObject({
      lease: null,
      heldBy: { holder: "one" },
    });
  });
});
