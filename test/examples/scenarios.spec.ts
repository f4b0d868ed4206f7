import { scenario } from "moleculer-event-sourcing/testing";
import { order } from "../../examples/orders/order.service.ts";
import { transfer, transfers } from "../../examples/bank/transfer.service.ts";

const payload = {
  number: "A-1",
  partner: "ann@example.com",
  items: [{ product: "salt", quantity: 2, unit: "KG" as const }],
};
const created = { type: "order.created", payload } as const;

describe("The rules of an order, without a broker", () => {
  it("create it once", async () => {
    await scenario(order)
      .given()
      .when("create", { id: "1", ...payload })
      .then(created);
    await scenario(order)
      .given(created)
      .when("create", { id: "1", ...payload })
      .then({ type: "ORDER_EXISTS" });
  });

  it("give its number to no other, in any letter case, until it is deleted", async () => {
    const other = { ...created, stream: "order-2" };
    const gone = { type: "order.deleted", payload: { number: "A-1" }, stream: "order-2" } as const;
    const create = ["create", { id: "1", ...payload, number: "a-1" }] as const;
    await scenario(order)
      .given(other)
      .when(...create)
      .then({ type: "DUPLICATE_CLAIM", data: { value: "a-1" } });
    await scenario(order)
      .given(other, gone)
      .when(...create)
      .then({ ...created, payload: { ...payload, number: "a-1" } });
  });

  it("refuse what is blocked, which the hook has found out", async () => {
    const complete = (blocked: string[]) =>
      scenario(order).given(created).when("complete", { id: "1" }, { locals: { blocked } });
    await complete(["salt"]).then({ type: "BLOCKED_PRODUCTS" });
    await complete(["sugar"]).then({ type: "order.completed", payload });
  });

  it("name every field that is wrong", () =>
    scenario(order)
      .given()
      .when("create", { ...payload, id: "1", partner: "ann", items: [{ ...payload.items[0]!, quantity: 0 }] })
      .then({ type: "VALIDATION_ERROR", data: [{ field: "partner" }, { field: "items.0.quantity" }] }));
});

describe("A transfer, without a broker", () => {
  const small = { transfer: "1", from: "ann", to: "bob", amount: 5 };
  const requested = (amount: number) => ({ type: "transfer.requested", payload: { ...small, amount } }) as const;
  const withdrawn = (amount: number) => ({ type: "account.withdrawn", payload: { amount, transfer: "1" } }) as const;
  const failed = { type: "transfer.failed", payload: { transfer: "1", reason: "not approved in time" } } as const;

  it("is not approved when it has failed", () =>
    scenario(transfer)
      .given(requested(5), failed)
      .when("approve", { id: "1" })
      .then({ type: "WRONG_TRANSFER_STATUS" }));

  it("moves the money", async () => {
    const moving = scenario(transfers).given(requested(5)).when(withdrawn(5));
    await moving.thenSends({ action: "account.deposit", params: { id: "bob", amount: 5, transfer: "1" } });
    await moving.thenState({ from: "ann", to: "bob", amount: 5 });
  });

  it("goes back when a large one is not approved in time", async () => {
    const late = scenario(transfers)
      .answering({ "transfer.expire": { events: [failed] } })
      .given(requested(2_000_000), withdrawn(2_000_000));
    await late.thenSchedules({ name: "approval", when: 24 * 60 * 60 * 1000 });
    await late
      .whenDue("approval")
      .thenSends(
        { action: "transfer.expire", params: { id: "1" } },
        { action: "account.deposit", params: { id: "ann", amount: 2_000_000 } },
      );
    await late.whenDue("approval").thenEnds();
  });
});
