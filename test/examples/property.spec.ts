import type { ServiceBroker } from "moleculer";
import { caughtUp } from "../support/broker.ts";
import { endExamples, startExamples } from "../support/examples.ts";

let broker: ServiceBroker;

beforeAll(async () => {
  broker = await startExamples("property/property", "property/notifier");
});

afterAll(endExamples);

async function tablesCaughtUp(): Promise<void> {
  for (const table of ["propertyAggregate", "propertySummaryAggregate", "notificationsAggregate"])
    await caughtUp(broker, table);
}

describe("The property example", () => {
  it("folds a property that was created into all three tables", async () => {
    await broker.call("property.create", {
      id: "1",
      name: "Beach Villa",
      active: true,
      city: "Wanaka",
      countryCode: "NZ",
    });
    await broker.call("property.create", { id: "2", name: "Harbour Flat", city: "Tauranga", countryCode: "NZ" });
    await broker.call("property.create", { id: "3", name: "Alp Hut", countryCode: "CH" });
    await tablesCaughtUp();
    expect(await broker.call("propertyAggregate.find", { query: { name: "Beach Villa" } })).toMatchObject([
      { id: "1", active: true, city: "Wanaka", countryCode: "NZ", source: null },
    ]);
    expect(await broker.call("propertySummaryAggregate.find", { sort: "countryCode" })).toMatchObject([
      { countryCode: "CH", total: 1, beachCity: 0, mountain: 0 },
      { countryCode: "NZ", total: 2, beachCity: 1, mountain: 1 },
    ]);
    expect(await broker.call("notificationsAggregate.count", { query: { recipient: "owner" } })).toBe(3);
    expect(await broker.call("notificationsAggregate.count")).toBe(9);
  });

  it("takes a removed property out of its tables, and an empty country with it", async () => {
    await broker.call("property.remove", { id: "3" });
    await broker.call("property.remove", { id: "2" });
    await tablesCaughtUp();
    expect(await broker.call("propertyAggregate.find")).toMatchObject([{ id: "1" }]);
    expect(await broker.call("propertySummaryAggregate.find")).toMatchObject([
      { countryCode: "NZ", total: 1, beachCity: 0, mountain: 1 },
    ]);
  });

  it("creates a property once", async () => {
    await expect(broker.call("property.create", { id: "1", name: "Again", countryCode: "NZ" })).rejects.toMatchObject({
      type: "VERSION_CONFLICT",
      data: { stream: "property-1", expected: "no-stream", actual: 1 },
    });
  });
});
