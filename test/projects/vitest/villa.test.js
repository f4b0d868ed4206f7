import { createRequire } from "node:module";
import { ServiceBroker } from "moleculer";
import * as api from "moleculer-event-sourcing";
import { memoryBroker, scenario } from "moleculer-event-sourcing/testing";
import { openedIn, service, villa } from "../villa.service.js";

const opened = { type: "villa.opened", payload: { name: "Lake House" } };

describe("A villa", () => {
  it("is opened", () => scenario(villa).given().when("open", { id: "1", name: "Lake House" }).then(opened));

  it("is a row, in memory", async () => {
    const broker = await memoryBroker(service);
    expect(await openedIn(broker)).toEqual([{ id: "1", name: "Lake House" }]);
    await broker.stop();
  });

  it("is a row, in SQLite, which copies itself in a thread", async () => {
    const broker = new ServiceBroker({ logger: false });
    broker.createService(service);
    await broker.start();
    expect(await openedIn(broker)).toEqual([{ id: "1", name: "Lake House" }]);
    expect(await broker.call("villaEvents.backup", { to: "copy.db" })).toMatchObject({ events: 1 });
    await broker.stop();
  });

  it("is of the same code by import and by require", () => {
    const required = createRequire(import.meta.url)("moleculer-event-sourcing");
    for (const [name, value] of Object.entries(required)) expect(api[name]).toBe(value);
  });
});
