import type { RecordedEvent } from "moleculer-event-sourcing";
import type { ServiceBroker } from "moleculer";
import { cleanUp, newFolder, refusal, startBroker } from "../support/broker.ts";
import { accountService } from "./decider-account.ts";

afterEach(cleanUp);

const adapters = { memory: () => "memory:", sqlite: () => `sqlite:${newFolder()}/events.db` };

const streamOf = (broker: ServiceBroker, stream: string): Promise<RecordedEvent[]> =>
  broker.call("events.read", { stream, limit: 10_000 });

describe.each(Object.entries(adapters))("A decider on %s", (_engine, adapter) => {
  it("lets exactly as many of 100 concurrent withdrawals succeed as the balance allows", async () => {
    const broker = await startBroker([accountService(adapter())]);
    await broker.call("account.deposit", { id: "1", amount: 50 });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 100 }, () => broker.call("account.withdraw", { id: "1", amount: 1 })),
    );
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(50);
    const reasons = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as object] : []));
    for (const reason of reasons)
      expect(reason).toMatchObject({
        name: "InsufficientFunds",
        type: "INSUFFICIENT_FUNDS",
        code: 409,
        data: { balance: 0, amount: 1 },
      });
    expect(await broker.call("account.state", { id: "1" })).toMatchObject({ state: { balance: 0 }, version: 51 });
    const versions = (await streamOf(broker, "account-1")).map(({ version }) => version);
    expect(versions).toEqual(Array.from({ length: 51 }, (_, index) => index + 1));
  });
});
void refusal;
