import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ServiceBroker } from "moleculer";
import type { RecordedEvent } from "moleculer-event-sourcing";
import { caughtUp, cleanUp, eventually, newFolder, refusal, startBroker } from "../support/broker.ts";
import { describeWith, startEngine, type EngineServer } from "../support/engines.ts";
import { bank } from "./bank.ts";
import { contentsOf, makeStore } from "./make-store.ts";
import { first, firstCommand, observe } from "./make-sample.ts";
import type { Contents, SampleEngine } from "./sample-engine.ts";
import { formatsOf, newestFormat, sampleFolder } from "./samples.ts";
import { formsIn } from "./stored-forms.ts";
import { unpackFolder } from "./stored-folder.ts";

/** Opens the engine's sample of every format, compares it with what it was made of, and continues it. */
export function checkSamples(engine: SampleEngine): void {
  const { server } = engine;
  if (!server) return checkOn(engine, async () => "");
  describeWith(server.program, `On ${server.program}`, (first) => {
    const others: EngineServer[] = [];
    afterAll(() => Promise.all(others.map((other) => other.stop())));
    let isUsed = false;
    checkOn(engine, async () => {
      if (isUsed) others.push(await startEngine(server.program));
      isUsed = true;
      return (others.at(-1) ?? first()).url;
    });
  });
}

/** @param newServer returns the URL of an empty server */
function checkOn(engine: SampleEngine, newServer: () => Promise<string>): void {
  describe.each(formatsOf(engine.name))(`A store of ${engine.name} in format %s`, (format) => {
    const sample = sampleFolder(format, engine.name);
    const expected = JSON.parse(readFileSync(join(sample, "expected.json"), "utf8")) as Record<string, unknown>;
    let stored: Contents;
    let broker: ServiceBroker;
    const call = <Answer = unknown>(action: string, params: object = {}): Promise<Answer> =>
      broker.call(action, params);
    const reminders = async (): Promise<string[]> => {
      const { events } = await call<{ events: RecordedEvent[] }>("bank.read", { types: "account.reminded" });
      return events.map(({ stream, payload }) => `${stream}: ${String(payload["of"])}`);
    };

    beforeAll(async () => {
      const [url, folder] = [await newServer(), newFolder()];
      await engine.server?.load(url, sample);
      unpackFolder(join(sample, "files"), folder);
      stored = await contentsOf(engine, url, folder);
      const options = { log: engine.log(url, folder), folder, table: engine.table, isMended: true };
      broker = await startBroker([bank(options)], { nodeID: "sample" });
    });
    afterAll(cleanUp);

    if (format === newestFormat)
      it("has the form that this version stores; if a change is meant, see CONTRIBUTING.md and run `npm run samples`", async () => {
        const [url, folder] = [await newServer(), newFolder()];
        await makeStore(engine, url, folder);
        expect(formsIn(await contentsOf(engine, url, folder))).toEqual(formsIn(stored));
      });

    it("opens, with everything that was stored", async () => {
      // A host may take its leases only a moment after the start.
      await eventually(async () => expect(await observe(broker)).toMatchObject(expected));
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
      await eventually(async () => expect(await reminders()).toContain("account-1: soon"));
      await call("account.deposit", { id: "2", amount: 1 });
      await caughtUp(broker, "care");
      expect(await call("care.processes", { id: "2" })).toMatchObject({ processes: [] });
    });

    it("handles its parked events", async () => {
      const handled = { accounts: 3, watch: 2, care: 3 };
      for (const [name, folded] of Object.entries(handled))
        expect(await call(`${name}.retry`)).toEqual({ folded, parked: 0 });
      expect(await call("accounts.get", { id: "old" })).toMatchObject({ balance: 3, isFlagged: true, country: "FR" });
      // The refusal of a command is stored with its process: it is not sent again.
      expect(await reminders()).not.toContain("account-old: flag");
      expect((await reminders()).filter((reminder) => reminder === "account-old: refusal")).toHaveLength(1);
      expect(await call("accounts.verify")).toMatchObject({ ok: true });
    });

    it("omits its skipped event from a rebuilt table", async () => {
      await call("accounts.rebuild");
      expect(await call("accounts.get", { id: "1" })).toMatchObject({ isFlagged: false });
      expect(await call("accounts.get", { id: "old" })).toMatchObject({ isFlagged: true });
    });

    it("continues its tables", async () => {
      await call("account.deposit", { id: "1", amount: 8 });
      await caughtUp(broker, "accounts");
      expect(await call("accounts.get", { id: "1" })).toMatchObject({ balance: 20 });
      await call("totals.resume");
      await caughtUp(broker, "totals");
      expect(await call("totals.count")).toBe(5);
    });

    it("restores its snapshot", async () => {
      const [{ id: snapshotId }] = (await call("accounts.snapshots")) as [{ id: string }];
      await call("accounts.restore", { snapshotId });
      await call("accounts.resume");
      // The parked events came back with the snapshot.
      expect(await call("accounts.retry")).toEqual({ folded: 3, parked: 0 });
      expect(await call("accounts.verify")).toMatchObject({ ok: true });
    });
  });
}
