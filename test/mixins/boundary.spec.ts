import { setImmediate as turn } from "node:timers/promises";
import type { ServiceBroker } from "moleculer";
import { everyKind } from "../hostile/every-kind.ts";
import { cleanUp, refusal, startBroker } from "../support/broker.ts";
import { spoken } from "../../mixins/service/between-nodes.ts";

afterEach(cleanUp);

const started = () => startBroker(everyKind({ log: "memory:", table: "memory:" }));
const call = (broker: ServiceBroker, action: string, params?: unknown, meta: object = {}) =>
  broker.call<unknown, object>(action, params as object, { ...spoken, meta });

describe("Params that are null", () => {
  it.each([
    "events.read",
    "events.find",
    "events.count",
    "events.streams",
    "events.status",
    "accounts.find",
    "accounts.list",
    "accounts.parked",
    "greetings.processes",
    "watch.status",
    "watch.retry",
  ])("are an empty object, with every default, for %s", async (action) => {
    const broker = await started();
    expect(await shapeOf(call(broker, action, null))).toEqual(await shapeOf(call(broker, action, {})));
  });

  it.each([
    "events.append",
    "events.link",
    "$events.positionAt",
    "accounts.get",
    "accounts.at",
    "account.state",
    "account.open",
  ])("are refused with a field by %s, which needs some", async (action) => {
    const broker = await started();
    const { code, type, data } = await refusal(() => call(broker, action, null));
    expect({ code, type }).toEqual({ code: 422, type: "VALIDATION_ERROR" });
    for (const { field } of data as { field: string }[]) expect(field).not.toBe("");
  });

  it("get the defaults of a mapped action's own params", async () => {
    const broker = await started();
    const { data } = await refusal(() => call(broker, "thing.note", null));
    // `text` has a default, `id` has none.
    expect((data as { field: string }[]).map(({ field }) => field)).toEqual(["id"]);
  });

  it("leave no rejection behind that nothing handles", async () => {
    const broker = await started();
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on("unhandledRejection", note);
    try {
      for (const { name } of broker.registry.actions.list({ onlyLocal: true }) as { name: string }[])
        if (!/^\$node|\.(backup|export|import)$/.test(name)) await call(broker, name, null).catch(() => {});
      await turn();
      await turn();
    } finally {
      process.off("unhandledRejection", note);
    }
    expect(unhandled).toEqual([]);
  });
});

describe("The boundary of every action", () => {
  it.each([5, "text", true, [], [{ id: "1" }], new Map([["id", "1"]]), new Date(0)])(
    "refuses params that are %p",
    async (params) => {
      const broker = await started();
      const error = await refusal(() => call(broker, "accounts.get", params));
      expect(error).toMatchObject({ code: 422, type: "VALIDATION_ERROR", data: [{ field: "params" }] });
    },
  );

  it("writes no defaults into the caller's object, which may be frozen", async () => {
    const broker = await started();
    const params = Object.freeze({ stream: "thing-1" });
    expect(await call(broker, "events.read", params)).toEqual({ events: [], version: 0, end: true });
    expect(params).toEqual({ stream: "thing-1" });
  });

  it("names each unknown param, and the known one that is near", async () => {
    const broker = await started();
    const { data } = await refusal(() => call(broker, "events.read", { limt: 5, strem: "x" }));
    expect((data as { field: string }[]).map(({ field }) => field)).toEqual(["limt", "strem"]);
    expect(JSON.stringify(data)).toContain("did you mean limit?");
  });

  it("gives errors that hold a small part of a large input", async () => {
    const broker = await started();
    const large = "x".repeat(10_000_000);
    for (const [action, params] of [
      ["events.read", { limit: large }],
      ["events.read", { [large]: 1 }],
      ["accounts.skip", { id: large }],
      ["thing.note", { id: 1, text: [large] }],
    ] as const) {
      const { message, data } = await refusal(() => call(broker, action, params));
      expect(JSON.stringify({ message, data }).length).toBeLessThan(20_000);
    }
  });

  it("names the place of a value that throws when it is read", async () => {
    const broker = await started();
    const throwing = Object.defineProperty({}, "deep", {
      enumerable: true,
      get() {
        throw new Error("read");
      },
    });
    const error = await refusal(() => call(broker, "accounts.find", { query: throwing }));
    expect(error).toMatchObject({ code: 422 });
    expect(JSON.stringify(error.data)).toContain("query");
  });

  it("refuses meta that is no object", async () => {
    const broker = await started();
    const error = await refusal(() => call(broker, "events.read", {}, [1]));
    expect(error).toMatchObject({ code: 422, data: [{ field: "meta" }] });
  });
});

/** Removes ids and times, which differ between calls. */
async function shapeOf(answer: Promise<unknown>): Promise<string> {
  return JSON.stringify(await answer, (key, value: unknown) => (/id|time/i.test(key) ? typeof value : value));
}
