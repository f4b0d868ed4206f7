import type { ServiceBroker } from "moleculer";
import type { RecordedEvent } from "moleculer-event-sourcing";
import { caughtUp, eventually, refusal } from "../support/broker.ts";
import { endExamples, startExamples } from "../support/examples.ts";
import { eventsIn } from "../support/pages.ts";

let broker: ServiceBroker;

beforeAll(async () => {
  broker = await startExamples("orders/order", "orders/product", "orders/shipment");
});

afterAll(endExamples);

const item = { product: "flour", quantity: 20, unit: "KG" };
const create = (id: string, number: string, other: object = {}) =>
  broker.call("order.create", { id, number, partner: "buyer@example.com", items: [item], ...other });

describe("The orders example", () => {
  it("creates an order with its items in two tables", async () => {
    await create("1", "A-17", { items: [item, { product: "wheat", quantity: 2.5, unit: "MT" }] });
    await caughtUp(broker, "orders");
    await caughtUp(broker, "orderItems");
    expect(await broker.call("orders.get", { id: "1" })).toMatchObject({
      number: "A-17",
      partner: "buyer@example.com",
      items: 2,
      status: "open",
    });
    expect(await broker.call("orderItems.find", { query: { order: "1" }, sort: "product" })).toMatchObject([
      item,
      { product: "wheat", quantity: 2.5, unit: "MT" },
    ]);
  });

  it("creates one order of a hundred that want one number at once, in any letter case", async () => {
    const cases = ["Ab-1", "aB-1", "AB-1", "ab-1"];
    const answers = await Promise.allSettled(
      Array.from({ length: 100 }, (_, n) => create(`many-${n}`, cases[n % cases.length]!)),
    );
    expect(answers.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const refused = answers.filter((answer) => answer.status === "rejected");
    for (const { reason } of refused)
      expect(reason).toMatchObject({ name: "DuplicateClaimError", code: 409, type: "DUPLICATE_CLAIM" });
    expect(
      await broker.call("orderEventStore.count", { query: { type: "order.created", stream: { $regex: "many" } } }),
    ).toBe(1);
  });

  it("frees the number of an order that was deleted", async () => {
    await create("2", "B-1");
    expect(await refusal(() => create("3", "b-1"))).toMatchObject({
      message: 'order/number: found "b-1" claimed by another stream, expected unclaimed or claimed by "order-3"',
      code: 409,
    });
    await broker.call("order.delete", { id: "2" });
    await create("3", "b-1");
    await caughtUp(broker, "orders");
    expect(await broker.call("orders.find", { query: { number: { $in: ["B-1", "b-1"] } } })).toMatchObject([
      { id: "3" },
    ]);
  });

  it("names every fault of an order at once", async () => {
    const items = [item, { product: "", quantity: 0, unit: "LB", colour: "red" }];
    const { code, type, data } = await refusal(() => create("4", "", { partner: "nobody", items }));
    expect({ code, type }).toEqual({ code: 422, type: "VALIDATION_ERROR" });
    expect((data as { message: string }[]).map(({ message }) => message)).toEqual([
      'number: found "", expected a string of at least 1 character',
      'partner: found "nobody", expected an e-mail address',
      'items.1.product: found "", expected a string of at least 1 character',
      "items.1.quantity: found 0, expected a number above 0",
      'items.1.unit: found "LB", expected one of KG, MT',
      "items.1.colour: found an unknown param, expected one of the params product, quantity, unit",
    ]);
    expect(await broker.call("orderEventStore.count", { query: { stream: "order-4" } })).toBe(0);
    expect(await refusal(() => create("4", "C-1", { items: [] }))).toMatchObject({ data: [{ field: "items" }] });
  });

  it("does not complete an order with blocked products", async () => {
    await create("5", "D-1", { items: [item, { product: "rye", quantity: 1, unit: "MT" }] });
    await broker.call("product.block", { id: "rye", reason: "recalled" });
    await caughtUp(broker, "blockedProducts");
    expect(await refusal(() => broker.call("order.complete", { id: "5" }))).toMatchObject({
      message: "order 5 has blocked products: rye",
      code: 422,
      type: "BLOCKED_PRODUCTS",
      data: { id: "5", products: ["rye"] },
    });
    await broker.call("product.unblock", { id: "rye" });
    await caughtUp(broker, "blockedProducts");
    await broker.call("order.complete", { id: "5" });
  });

  it("does not complete an order twice, and neither one that is not there", async () => {
    const refused = { code: 422, type: "ORDER_NOT_OPEN" };
    expect(await refusal(() => broker.call("order.complete", { id: "5" }))).toMatchObject({
      ...refused,
      message: "order 5 is completed, expected open",
    });
    expect(await refusal(() => broker.call("order.complete", { id: "nobody's" }))).toMatchObject({
      ...refused,
      message: "order nobody's is unknown, expected open",
    });
    expect(await refusal(() => broker.call("order.delete", { id: "5" }))).toMatchObject(refused);
  });

  it("creates one shipment of an order that was completed", async () => {
    const shipments = await eventually(async () => {
      const { events }: { events: RecordedEvent[] } = await broker.call("shipment.history", { id: "5" });
      expect(events).toHaveLength(1);
      return events;
    });
    expect(shipments).toMatchObject([
      {
        type: "shipment.created",
        payload: { order: "5", partner: "buyer@example.com", items: [item, { product: "rye" }] },
      },
    ]);
  });

  it("collects the events of all orders in one stream", async () => {
    const all: RecordedEvent[] = await eventsIn(
      broker.call("orderEventStore.read", { limit: 10_000, types: ["order.*"] }),
    );
    await eventually(async () => {
      const linked: RecordedEvent[] = await eventsIn(
        broker.call("orderEventStore.read", { stream: "orders", limit: 10_000 }),
      );
      expect(linked).toEqual(all.map((event, index) => ({ ...event, link: { stream: "orders", version: index + 1 } })));
    });
  });
});
