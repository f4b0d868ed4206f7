import type { ServiceBroker } from "moleculer";
import { protocol, spoken } from "../../mixins/service/between-nodes.ts";
import { cleanUp, refusal, startBroker } from "../support/broker.ts";
import { everyKind } from "../hostile/every-kind.ts";

afterEach(cleanUp);

const started = () => startBroker(everyKind({ log: "memory:", table: "memory:" }));

const innerActions = (broker: ServiceBroker): string[] =>
  broker.registry.actions
    .list({ onlyLocal: true })
    .map(({ name }: { name: string }) => name)
    .filter((name: string) => name.startsWith("$") && !name.startsWith("$node."));

describe("An action that nodes call among themselves", () => {
  it.each([
    ["no protocol", {}],
    ["a later protocol", { headers: { $protocol: protocol + 1 } }],
    ["a protocol that is no number", { headers: { $protocol: String(protocol) } }],
  ])("refuses a call with %s, whatever its params", async (_, options) => {
    const broker = await started();
    const actions = innerActions(broker);
    expect(actions.length).toBeGreaterThan(20);
    for (const action of actions)
      expect(await refusal(() => broker.call(action, { odd: 1 }, options))).toMatchObject({
        type: "STORE_UNAVAILABLE",
        retryable: true,
        message: expect.stringMatching(/^\$.+: found (no protocol|protocol .+) of .+, expected 1: /) as string,
      });
    expect(await broker.call("events.count")).toBe(0);
  });

  it("refuses params that it does not declare", async () => {
    const broker = await started();
    for (const action of innerActions(broker)) {
      const error = await refusal(() => broker.call(action, { odd: 1 }, spoken));
      expect([action, error.type]).toEqual([action, "VALIDATION_ERROR"]);
      expect((error.data as { field: string }[]).map(({ field }) => field)).toContain("odd");
    }
  });
});
