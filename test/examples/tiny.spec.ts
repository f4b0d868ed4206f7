import type { ServiceBroker } from "moleculer";
import { caughtUp, eventually, refusal } from "../support/broker.ts";
import { read } from "../support/documents.ts";
import { endExamples, startExamples } from "../support/examples.ts";

let broker: ServiceBroker;

beforeAll(async () => {
  broker = await startExamples("tiny/wallet");
});

afterAll(endExamples);

const source = read("examples/tiny/wallet.service.ts");

describe("The tiny example", () => {
  it("has at most 50 lines, no cast, and stands in the README", () => {
    expect(source.trimEnd().split("\n").length).toBeLessThanOrEqual(50);
    expect(source).not.toMatch(/\bas\b|<any>|!\.|@ts-/);
    expect(read("README.md")).toContain(source.trimEnd());
  });

  it("keeps its rule and its balances", async () => {
    await broker.call("wallet.open", { id: "1", email: "ann@example.com" });
    await broker.call("wallet.deposit", { id: "1", amount: 10 });
    await broker.call("wallet.withdraw", { id: "1", amount: 4 });
    expect(await refusal(() => broker.call("wallet.withdraw", { id: "1", amount: 7 }))).toMatchObject({
      type: "TOO_LITTLE",
      data: { balance: 6 },
    });
    await caughtUp(broker, "balances");
    expect(await broker.call("balances.find")).toEqual([{ id: "1", balance: 6 }]);
  });

  it("opens one wallet for an e-mail address", async () => {
    await broker.call("wallet.open", { id: "2", email: "bob@example.com" });
    const second = () => broker.call("wallet.open", { id: "3", email: "Bob@example.com" });
    expect(await refusal(second)).toMatchObject({ type: "DUPLICATE_CLAIM", code: 409 });
  });

  it("reminds the owner of an empty wallet a day later", async () => {
    await broker.call("wallet.open", { id: "4", email: "cid@example.com" });
    const { events } = await broker.call<{ events: { time: string }[] }, object>("walletEvents.read", {
      stream: "wallet-4",
    });
    const when = new Date(Date.parse(events[0]!.time) + 86_400_000).toISOString();
    await eventually(async () =>
      expect(await broker.call("reminders.processes", { id: "4" })).toMatchObject({
        processes: [{ id: "4", deadlines: [{ name: "empty", when, data: "cid@example.com" }] }],
      }),
    );
  });
});
