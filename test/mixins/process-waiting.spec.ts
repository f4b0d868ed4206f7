import type { ServiceBroker } from "moleculer";
import { memory } from "moleculer-event-sourcing/adapters/memory";
import { caughtUp, cleanUp, startBroker } from "../support/broker.ts";
import { happen, processesOf, parkedOf, processOf, processService } from "./processes.ts";
import { spoken } from "../../mixins/service/between-nodes.ts";

afterEach(cleanUp);

let isPoisoned = true;
let isMended = false;
let order: string[] = [];
beforeEach(() => {
  isPoisoned = true;
  isMended = false;
  order = [];
});

/** Fails at `thing.poison` while it is poisoned; `thing.timer` sets a deadline in the past, which ends the process. */
async function start(onDeadline: "ends" | "fails" = "ends"): Promise<ServiceBroker> {
  const service = processService<string[], "now">(
    { adapter: memory() },
    {
      initialState: () => [],
      correlate: ({ type, payload }) => {
        if (type === "thing.lost" && !isMended) throw new Error("not known yet");
        return payload["process"] as string;
      },
      onError: { retries: 0 },
      on: {
        "thing.*": ({ type, position }, { state, schedule }) => {
          if (type === "thing.poison" && isPoisoned) throw new Error("poison");
          if (type === "thing.timer") schedule("now", -60_000);
          order.push(`${position} on ${state.length}`);
          return [...state, String(position)];
        },
      },
      deadlines: {
        now: (_deadline, { end }) => {
          if (onDeadline === "fails" && isPoisoned) throw new Error("poison");
          order.push("deadline");
          if (onDeadline === "ends") end();
        },
      },
    },
  );
  return startBroker([service]);
}

const kept = (broker: ServiceBroker, id: string) =>
  broker.call<{ value: object } | null, object>(
    "$events.state",
    {
      consumer: "process-manager/manager",
      of: `process/${id}`,
    },
    spoken,
  );

describe("What waits behind a parked process", () => {
  it("is kept in the log alone: the process's own state does not grow with it", async () => {
    const broker = await start();
    await happen(broker, "a", "thing.poison");
    await happen(broker, "a");
    await caughtUp(broker, "manager");
    const one = JSON.stringify((await kept(broker, "a"))!.value).length;
    const events = Array.from({ length: 1000 }, () => ({ type: "thing.happened", payload: { process: "a" } }));
    await broker.call("events.append", { stream: "s-a", events });
    await caughtUp(broker, "manager");
    expect(await processOf(broker, "a")).toMatchObject({ waiting: 1001, position: 1002 });
    expect(JSON.stringify((await kept(broker, "a"))!.value).length).toBeLessThan(one + 20);
  });

  it("is found again among the events of others, of which none is handled twice", async () => {
    const broker = await start();
    await happen(broker, "a", "thing.poison");
    const events = Array.from({ length: 900 }, (_, at) => ({
      type: "thing.happened",
      payload: { process: at % 3 === 0 ? "a" : "b" },
    }));
    await broker.call("events.append", { stream: "s", events });
    await caughtUp(broker, "manager");
    isPoisoned = false;
    order = [];
    expect(await broker.call("manager.retry")).toEqual({ folded: 301, parked: 0 });
    expect(order).toHaveLength(301);
    expect(await processOf(broker, "b")).toMatchObject({ waiting: 0, position: 901, state: { length: 600 } });
  });

  it.each(["retry", "skip"])("is passed over once a deadline has ended the process, after a %s", async (action) => {
    const broker = await start();
    const { id } = await happen(broker, "a", "thing.poison");
    await happen(broker, "a", "thing.timer");
    await happen(broker, "a");
    await caughtUp(broker, "manager");
    isPoisoned = false;
    await broker.call(`manager.${action}`, { id });
    await happen(broker, "a");
    await caughtUp(broker, "manager");
    expect(order).toEqual(action === "retry" ? ["1 on 0", "2 on 1", "deadline"] : ["2 on 0", "deadline"]);
    expect(await processesOf(broker)).toEqual([]);
    expect(await kept(broker, "a")).toBeNull();
  });

  it("waits on where a deadline fails between two of them", async () => {
    const broker = await start("fails");
    const { id } = await happen(broker, "a", "thing.poison");
    await happen(broker, "a", "thing.timer");
    await happen(broker, "a");
    await caughtUp(broker, "manager");
    await broker.call("manager.skip", { id });
    expect(await processOf(broker, "a")).toMatchObject({ waiting: 1, parked: { kind: "deadline" }, state: ["2"] });
    isPoisoned = false;
    expect(await broker.call("manager.retry")).toEqual({ folded: 2, parked: 0 });
    expect(order).toEqual(["2 on 0", "deadline", "3 on 1"]);
  });

  it("leaves an event that was parked by itself where it is, until it is retried on a process that is free", async () => {
    const broker = await start();
    await happen(broker, "a", "thing.poison");
    const { id } = await happen(broker, "a", "thing.lost");
    await happen(broker, "a");
    await caughtUp(broker, "manager");
    isMended = true;
    expect(await broker.call("manager.retry", { id })).toEqual({ folded: 0, parked: 2 });
    isPoisoned = false;
    expect(await broker.call("manager.retry", { process: "a" })).toEqual({ folded: 2, parked: 1 });
    expect(await broker.call("manager.retry", { id })).toEqual({ folded: 1, parked: 0 });
    expect(order).toEqual(["1 on 0", "3 on 1", "2 on 2"]);
  });

  it("fails in its place where it does not correlate any more", async () => {
    const broker = await start();
    isMended = true;
    await happen(broker, "a", "thing.poison");
    await happen(broker, "a", "thing.lost");
    await happen(broker, "a");
    await caughtUp(broker, "manager");
    isMended = isPoisoned = false;
    expect(await broker.call("manager.retry")).toEqual({ folded: 1, parked: 1 });
    expect(await parkedOf(broker)).toMatchObject([{ process: "a", position: 2, error: { message: "not known yet" } }]);
    isMended = true;
    expect(await broker.call("manager.retry")).toEqual({ folded: 2, parked: 0 });
    expect(order).toEqual(["1 on 0", "2 on 1", "3 on 2"]);
  });
});
