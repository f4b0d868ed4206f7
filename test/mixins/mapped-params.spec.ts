import { EventStore, type RecordedEvent } from "moleculer-event-sourcing";
import { Validators, type BrokerOptions, type ServiceBroker } from "moleculer";
import { cleanUp, refusal, startBroker } from "../support/broker.ts";
import { eventsIn } from "../support/pages.ts";

afterEach(cleanUp);

const cents = (value: unknown) => (typeof value === "number" ? value * 100 : value);

async function start(options: BrokerOptions = {}): Promise<ServiceBroker> {
  const events = EventStore("events", {
    adapter: "memory:",
    events: {
      "account.opened": { payload: { iban: "string|trim", owner: "string?" } },
      "account.paid": { payload: { price: { type: "custom", check: cents }, at: "date", until: "date?" } },
      "account.named": { payload: { id: "string", name: { type: "string", custom: String, default: "none" } } },
      "account.noted": { payload: { text: "string", $$strict: false } },
      "account.listed": { payload: { $$root: true, type: "array", items: "string" } },
      "account.any": {},
    },
  });
  const actions = {
    open: events.mapAction("account.opened"),
    openIban: events.mapAction("account.opened", { stream: ({ iban }) => `account-${iban}` }),
    rename: events.mapAction("account.opened", { params: { id: "string", iban: "string" } }),
    convert: events.mapAction("account.opened", { payload: ({ iban }) => ({ iban: iban.toUpperCase() }) }),
    pay: events.mapAction("account.paid"),
    name: events.mapAction("account.named"),
    note: events.mapAction("account.noted"),
    list: events.mapAction("account.listed", { stream: "lists", payload: () => ["a"] }),
    any: events.mapAction("account.any", { stream: "any" }),
  };
  return startBroker([{ name: "account", mixins: [events.mixin()], actions }], options);
}

const stored = async (broker: ServiceBroker) =>
  (await eventsIn<RecordedEvent>(broker.call("events.read"))).map(({ stream, payload }) => [stream, payload]);

describe("The params of a mapped action that declares none", () => {
  it("are the payload's fields, and the entity's id, which a payload without such a field does not get", async () => {
    const broker = await start();
    await broker.call("account.open", { id: 7, iban: " NZ1 " });
    await broker.call("account.name", { id: "8" });
    await broker.call("account.rename", { id: "9", iban: "NZ3" });
    await broker.call("account.convert", { id: "10", iban: "nz4" });
    expect(await stored(broker)).toEqual([
      ["account-7", { iban: "NZ1" }],
      ["account-8", { id: "8", name: "none" }],
      ["account-9", { iban: "NZ3" }],
      ["account-10", { iban: "NZ4" }],
    ]);
  });

  it.each<[string, object, string]>([
    ["open", { iban: "NZ1" }, "id"],
    ["open", { id: "1" }, "iban"],
    ["open", { id: "1", iban: 5 }, "iban"],
    ["open", { id: "1", iban: "NZ1", isAdmin: true }, "isAdmin"],
    ["openIban", { iban: "NZ1", isAdmin: true }, "isAdmin"],
    ["convert", { id: "1", iban: 5 }, "iban"],
    ["name", { name: "a" }, "id"],
  ])("are checked, and the refusal names the param: %s %j", async (action, params, field) => {
    const broker = await start();
    expect(await refusal(() => broker.call(`account.${action}`, params))).toMatchObject({
      code: 422,
      type: "VALIDATION_ERROR",
      data: [{ field }],
    });
    expect(await stored(broker)).toEqual([]);
  });

  it("need no id if the action names its stream", async () => {
    const broker = await start();
    await broker.call("account.openIban", { iban: "NZ1" });
    await broker.call("account.openIban", { id: "1", iban: "NZ2" });
    expect(await stored(broker)).toEqual([
      ["account-NZ1", { iban: "NZ1" }],
      ["account-NZ2", { iban: "NZ2" }],
    ]);
  });

  it("are converted by a checker of the author once, and may be dates as text", async () => {
    const broker = await start();
    const at = "2026-01-31T00:00:00.000Z";
    await broker.call("account.pay", { id: "1", price: 3, at });
    expect(await stored(broker)).toEqual([["account-1", { price: 300, at }]]);
    expect(await refusal(() => broker.call("account.pay", { id: "1", price: 3, at: "soon" }))).toMatchObject({
      code: 422,
    });
  });

  it("may be others if the payload may have others", async () => {
    const broker = await start();
    await broker.call("account.note", { id: "1", text: "a", more: 5 });
    await broker.call("account.list", { anything: 5 });
    await broker.call("account.any", { anything: 5 });
    expect(await stored(broker)).toEqual([
      ["account-1", { id: "1", text: "a", more: 5 }],
      ["lists", ["a"]],
      ["any", { anything: 5 }],
    ]);
  });

  it("are not checked by another validator than Moleculer's, but the payload is", async () => {
    class Permissive extends Validators.Base {
      override compile() {
        return () => true as const;
      }
      override validate() {
        return true;
      }
      override convertSchemaToMoleculer(schema: object) {
        return schema;
      }
    }
    const broker = await start({ validator: new Permissive({}) });
    await broker.call("account.open", { id: "1", iban: "NZ1" });
    expect(await refusal(() => broker.call("account.open", { id: "1", ibna: "NZ1" }))).toMatchObject({ code: 422 });
    expect(await stored(broker)).toEqual([["account-1", { iban: "NZ1" }]]);
  });
});
