import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ServiceBroker } from "moleculer";
import { caughtUp, cleanUp, eventually, newFolder, refusal, startBroker } from "../support/broker.ts";
import { bank } from "./bank.ts";
import { first, firstCommand, observe } from "./make-sample.ts";
import type { SampleEngine } from "./sample-engine.ts";
import { formatsOf, sampleFolder } from "./samples.ts";
import { unpackFolder } from "./stored-folder.ts";

/** Opens the engine's sample of every format, compares it with what it was made of, and continues it. */
export function checkSamples(engine: SampleEngine, newServer: () => Promise<string>): void {
  describe.each(formatsOf(engine.name))(`A store of ${engine.name} in format %s`, (format) => {
    const sample = sampleFolder(format, engine.name);
    const expected = JSON.parse(readFileSync(join(sample, "expected.json"), "utf8")) as Record<string, unknown>;
    let broker: ServiceBroker;
    const call = <Answer = unknown>(action: string, params: object = {}): Promise<Answer> =>
      broker.call(action, params);

    beforeAll(async () => {
      const [server, folder] = [await newServer(), newFolder()];
      await engine.load?.(server, sample);
      unpackFolder(join(sample, "files"), folder);
      broker = await startBroker([bank({ log: engine.log(server, folder), folder, isMended: true })], {
        nodeID: "sample",
      });
    });
    afterAll(cleanUp);

    it("opens, with everything that was stored", async () => {
      expect(await observe(broker)).toMatchObject(expected);
    });

    it("is found whole", async () => {
      expect(await call("bank.verify")).toMatchObject({ ok: true, problems: [], unchecked: [] });
    });

    it("knows its commands and claims", async () => {
      expect(await broker.call("account.open", first, firstCommand)).toMatchObject({ repeated: true });
      const other = { id: "4", owner: "Cem", email: "new@example.org", phone: "4" };
      const taken = { type: "DUPLICATE_CLAIM" };
      expect(await refusal(() => call("account.open", { ...other, email: "ANN@example.org" }))).toMatchObject(taken);
      expect(await refusal(() => call("account.open", { ...other, phone: "3" }))).toMatchObject(taken);
      expect(await call("account.open", { ...other, phone: "2" })).toMatchObject({ repeated: false });
    });

    it("imports its export", async () => {
      expect(await call("bank.import", { from: "export.jsonl" })).toMatchObject({ events: 0 });
    });

    it("continues its processes, whose deadlines fire", async () => {
      await call("care.resume");
      const ofReminders = { types: "account.reminded" };
      await eventually(async () => {
        const { events } = await call<{ events: unknown[] }>("bank.read", ofReminders);
        expect(events).toMatchObject([{ stream: "account-1", payload: { of: "soon" } }]);
      });
      await call("account.deposit", { id: "2", amount: 1 });
      await caughtUp(broker, "care");
      expect(await call("care.processes", { id: "2" })).toMatchObject({ processes: [] });
    });

    it("handles its parked events", async () => {
      for (const name of ["accounts", "watch", "care"])
        expect(await call(`${name}.retry`)).toEqual({ folded: 1, parked: 0 });
      expect(await call("accounts.get", { id: "old" })).toMatchObject({ isFlagged: true, country: "FR" });
      expect(await call("accounts.verify")).toMatchObject({ ok: true });
    });

    it("continues its tables", async () => {
      await call("account.deposit", { id: "1", amount: 8 });
      await caughtUp(broker, "accounts");
      expect(await call("accounts.get", { id: "1" })).toMatchObject({ balance: 20 });
      await call("totals.resume");
      await caughtUp(broker, "totals");
      expect(await call("totals.count")).toBe(4);
    });

    it("restores its snapshot", async () => {
      const [{ id: snapshotId }] = (await call("accounts.snapshots")) as [{ id: string }];
      await call("accounts.restore", { snapshotId });
      await call("accounts.resume");
      // The parked event came back with the snapshot.
      expect(await call("accounts.retry")).toEqual({ folded: 1, parked: 0 });
      expect(await call("accounts.verify")).toMatchObject({ ok: true });
    });
  });
}
