import type { ServiceBroker } from "moleculer";
import type { RecordedEvent } from "moleculer-event-sourcing";
import { caughtUp, eventually, refusal } from "../support/broker.ts";
import { endExamples, startExamples } from "../support/examples.ts";
import { processesIn } from "../support/pages.ts";

let broker: ServiceBroker;

beforeAll(async () => {
  broker = await startExamples("bank/account", "bank/mail", "bank/transfer");
});

afterAll(endExamples);

const open = (id: string) => broker.call("account.open", { id, owner: id, email: `${id}@example.com` });
const deposit = (id: string, amount: number) => broker.call("account.deposit", { id, amount });
const stateOf = async (id: string) => {
  const { state }: { state: { balance: number; status: string; token: string } } = await broker.call("account.state", {
    id,
  });
  return state;
};
const outcomeOf = (id: string, status: string) =>
  eventually(async () => {
    const outcome: { status: string; reason: string | null } = await broker.call("transferOutcomes.get", { id });
    expect(outcome.status).toBe(status);
    return outcome;
  });

describe("The bank example", () => {
  it("lets exactly 50 of 100 concurrent withdrawals of 1 from 50 through", async () => {
    await open("fifty");
    await deposit("fifty", 50);
    const answers = await Promise.allSettled(
      Array.from({ length: 100 }, () => broker.call("account.withdraw", { id: "fifty", amount: 1 })),
    );
    expect(answers.filter(({ status }) => status === "fulfilled")).toHaveLength(50);
    for (const { reason } of answers.filter((answer) => answer.status === "rejected"))
      expect(reason).toMatchObject({ message: "insufficient funds", code: 422, type: "INSUFFICIENT_FUNDS" });
    expect(await stateOf("fifty")).toMatchObject({ balance: 0 });
    const { events }: { events: RecordedEvent[] } = await broker.call("account.history", { id: "fifty", limit: 1000 });
    expect(events.map(({ version }) => version)).toEqual(Array.from({ length: 52 }, (_, index) => index + 1));
  });

  it("validates an address by the token in the mail", async () => {
    await open("ann");
    const mail = await eventually(async () => {
      const [sent]: { text: string }[] = await broker.call("mail.sent", { to: "ann@example.com" });
      expect(sent).toBeDefined();
      return sent!;
    });
    const validate = (token: string) => broker.call("account.validateEmail", { id: "ann", token });
    expect(await refusal(() => validate("guessed"))).toMatchObject({ message: "wrong token", code: 422 });
    await validate(mail.text.split(": ")[1]!);
    await validate("any, as it is validated");
    await caughtUp(broker, "accounts");
    expect(await broker.call("accounts.get", { id: "ann" })).toMatchObject({ isValidated: true, balance: 0 });
  });

  it("opens one account for an address, until that is closed", async () => {
    const again = () => broker.call("account.open", { id: "ann2", owner: "Ann", email: "ANN@Example.com" });
    expect(await refusal(again)).toMatchObject({ code: 409, type: "DUPLICATE_CLAIM" });
    await deposit("ann", 100);
    const close = () => broker.call("account.close", { id: "ann" });
    expect(await refusal(close)).toMatchObject({ message: "account ann is not empty", data: { balance: 100 } });
    await broker.call("account.withdraw", { id: "ann", amount: 100 });
    await close();
    await again();
    expect(await refusal(() => deposit("ann", 1))).toMatchObject({ message: "account ann is closed" });
  });

  it("tells what a command would come to, and does nothing", async () => {
    await open("dry");
    await deposit("dry", 500);
    const dryRun = (amount: number) =>
      broker.call("account.dryRun", { command: "withdraw", params: { id: "dry", amount } });
    expect(await dryRun(200)).toMatchObject({
      events: [{ type: "account.withdrawn", payload: { amount: 200 } }],
      state: { balance: 300 },
      version: 3,
    });
    expect(await refusal(() => dryRun(600))).toMatchObject({ message: "insufficient funds" });
    expect(await stateOf("dry")).toMatchObject({ balance: 500 });
    expect(await broker.call("account.state", { id: "dry", version: 1 })).toMatchObject({
      state: { balance: 0 },
      version: 1,
    });
  });

  it("moves the money of a transfer", async () => {
    await open("from");
    await open("to");
    await deposit("from", 3_000_000);
    await broker.call("transfer.request", { id: "t1", from: "from", to: "to", amount: 1000 });
    await outcomeOf("t1", "completed");
    expect([await stateOf("from"), await stateOf("to")]).toMatchObject([{ balance: 2_999_000 }, { balance: 1000 }]);
  });

  it("says why a transfer failed, and gives back what had left", async () => {
    await broker.call("transfer.request", { id: "t2", from: "to", to: "from", amount: 1001 });
    expect(await outcomeOf("t2", "failed")).toMatchObject({ reason: "insufficient funds" });
    await broker.call("transfer.request", { id: "t3", from: "from", to: "nobody", amount: 5000 });
    expect(await outcomeOf("t3", "failed")).toMatchObject({ reason: "account nobody is unknown" });
    expect(await stateOf("from")).toMatchObject({ balance: 2_999_000 });
  });

  it("keeps a large transfer until it is approved", async () => {
    await broker.call("transfer.request", { id: "t4", from: "from", to: "to", amount: 2_000_000 });
    await eventually(async () =>
      expect(await processesIn(broker.call("transfers.processes"))).toMatchObject([
        { id: "t4", deadlines: [{ name: "approval" }] },
      ]),
    );
    expect([await stateOf("from"), await stateOf("to")]).toMatchObject([{ balance: 999_000 }, { balance: 1000 }]);
    await broker.call("transfer.approve", { id: "t4" });
    await outcomeOf("t4", "completed");
    expect(await stateOf("to")).toMatchObject({ balance: 2_001_000 });
    await eventually(async () => expect(await processesIn(broker.call("transfers.processes"))).toEqual([]));
    expect(await refusal(() => broker.call("transfer.approve", { id: "t4" }))).toMatchObject({
      message: "transfer t4 is completed, expected requested",
    });
  });

  it("shows all that one request brought about", async () => {
    const [requested]: RecordedEvent[] = await broker.call("bankEventStore.find", {
      query: { stream: "transfer-t1", type: "transfer.requested" },
    });
    const trace: { events: number; tree: object[] } = await broker.call("bankEventStore.trace", {
      correlationId: requested!.meta.correlationId,
    });
    const event = (type: string, ...caused: object[]) => ({ kind: "event", type, caused });
    const command = (name: string, ...caused: object[]) => ({ kind: "command", name, caused });
    const completed = command("transfer.complete", event("transfer.completed"));
    const deposited = command("account.deposit", event("account.deposited", completed));
    const withdrawn = command("account.withdraw", event("account.withdrawn", deposited));
    expect(trace).toMatchObject({
      events: 4,
      tree: [command("transfer.request", event("transfer.requested", withdrawn))],
    });
  });
});
