const { ServiceBroker } = require("moleculer");
const { memoryBroker, scenario } = require("moleculer-event-sourcing/testing");
const { openedIn, service, villa } = require("../villa.service.js");

const opened = { type: "villa.opened", payload: { name: "Lake House" } };

describe("A villa", () => {
  it("is opened", () => scenario(villa).given().when("open", { id: "1", name: "Lake House" }).then(opened));

  it("is opened once", () => scenario(villa).given(opened).when("open", { id: "1", name: "Alp Hut" }).then());

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
});
