import type { ServiceBroker, ServiceSchema } from "moleculer";
import type { Adapter } from "moleculer-event-sourcing";
import type { Lease } from "../../core/log/control.ts";
import type { EventLog } from "../../core/log/event-log.ts";
import { memory } from "moleculer-event-sourcing/adapters/memory";
import { caughtUp, cleanUp, eventually, refusal, startBroker } from "../support/broker.ts";
import { happen, parkedOf, processService, withStatus } from "./processes.ts";
import { processesIn } from "../support/pages.ts";
import { spoken } from "../../mixins/service/between-nodes.ts";

afterEach(cleanUp);

let networks = 0;

/** Creates the nodes of a new network. */
function newNetwork(): (nodeID: string, ...services: ServiceSchema[]) => Promise<ServiceBroker> {
  const namespace = `process-${process.pid}-${++networks}`;
  return (nodeID, ...services) => startBroker(services, { nodeID, namespace, transporter: "Fake" });
}

const poisoned = new Set<number>();
beforeEach(() => poisoned.clear());

/** A process manager that records which node has handled each event. */
function manager(adapter: Adapter, hosts: "store" | "manager") {
  const seen: (number | string)[] = [];
  const service = processService<number[], "late">(
    { adapter, hosts },
    {
      initialState: () => [],
      on: {
        "thing.*": ({ position }, { state }) => {
          if (poisoned.has(position)) throw new Error(`poison ${position}`);
          seen.push(position);
          return [...state, position];
        },
        "timer.set": ({ payload }, { schedule }) => schedule("late", payload["when"] as number),
      },
      deadlines: { late: (_deadline, { id }) => void seen.push(`late ${id}`) },
    },
  );
  return { seen, service };
}

/** The log, with its granted leases recorded. */
function noting(log: EventLog, leases: Lease[]): EventLog {
  const acquireLease = log.control.acquireLease.bind(log);
  log.control.acquireLease = async (...asked) => {
    const answer = await acquireLease(...asked);
    if (answer.lease) leases.push(answer.lease);
    return answer;
  };
  return log;
}

/** A store, a holder and a standby. */
async function trio() {
  const leases: Lease[] = [];
  const real = memory();
  const adapter: Adapter = { ...real, eventLog: (name) => noting(real.eventLog!(name), leases) };
  const start = newNetwork();
  const [first, second] = [manager(adapter, "manager"), manager(adapter, "manager")];
  const store = await start("store", manager(adapter, "store").service);
  const holder = await start("holder", first.service);
  await withStatus(holder, { state: "live" });
  const standby = await start("standby", second.service);
  await withStatus(standby, { state: "standby" });
  return { leases, store, holder, standby, first: first.seen, second: second.seen };
}

describe("A process manager on two nodes of one network", () => {
  it("works on one; the other is on standby, and takes over states, deadlines and parked events when the first stops", async () => {
    const { store, holder, standby, first, second } = await trio();
    poisoned.add(2);
    await happen(store, "a");
    await happen(store, "b");
    await happen(store, "c", "timer.set", { when: 1500 });
    await happen(store, "b");
    await caughtUp(holder, "manager");
    await withStatus(standby, { node: "standby", state: "standby", position: 4, parked: 1 });
    await holder.stop();
    await withStatus(standby, { state: "live", parked: 1 });
    await happen(store, "a");
    await caughtUp(standby, "manager");
    poisoned.clear();
    expect(await standby.call("manager.retry", { process: "b" })).toEqual({ folded: 2, parked: 0 });
    await eventually(() => expect(second).toContain("late c"));
    expect(second.filter((one) => one !== "late c")).toEqual([5, 2, 4]);
    expect(second).toHaveLength(4);
    expect(first).toEqual([1]);
    // The result of a deadline's handler is stored a moment after it has run.
    await eventually(async () =>
      expect(await processesIn(standby.call("manager.processes"))).toMatchObject([
        { id: "a", state: [1, 5] },
        { id: "b", state: [2, 4] },
        { id: "c", deadlines: [] },
      ]),
    );
  });

  it("is controlled from the standby as from the holder", async () => {
    const { store, holder, standby, first } = await trio();
    const onStandby = (action: string, params = {}) => standby.call(`manager.${action}`, params, { nodeID: "standby" });
    poisoned.add(1);
    const { id } = await happen(store, "a");
    await happen(store, "a");
    await caughtUp(holder, "manager");
    expect(await refusal(() => onStandby("retry", { id: "no-such-id" }))).toMatchObject({
      type: "UNKNOWN_PARKED_EVENT",
    });
    expect(await onStandby("processes", { id: "a" })).toMatchObject({ processes: [{ waiting: 1, parked: { id } }] });
    expect(await onStandby("skip", { id, reason: "a test" })).toEqual({ skipped: id, folded: 1, parked: 0 });
    expect(first).toEqual([2]);
    await onStandby("pause");
    await withStatus(holder, { paused: true });
    await onStandby("resume");
    await happen(store, "a");
    await eventually(() => expect(first).toEqual([2, 3]));
  });

  it("is taken over when the store finds that its holder's lease has lapsed, and writes nothing with it", async () => {
    const { leases, store, holder, standby, first, second } = await trio();
    await happen(store, "a");
    await caughtUp(holder, "manager");
    // As after a pause of the whole process: another node has the lease before the holder knows that it has lapsed.
    const consumer = "process-manager/manager";
    await store.call("$events.releaseLease", { consumer, lease: leases.at(-1) }, spoken);
    await store.call("$events.takeLease", { consumer, holder: "another", ttlMs: 1000 }, spoken);
    await happen(store, "a");
    await happen(store, "b");
    await eventually(() => expect([...first, ...second].filter((one) => one === 3)).toHaveLength(1), 15_000);
    // The old holder may have handled both before the store refused its writes: another node then handles them again.
    await eventually(async () => {
      const found = await store.call<unknown, object>("$events.state", { consumer, of: "process/a" }, spoken);
      expect(found).toMatchObject({ value: { state: [1, 2], position: 2 } });
    });
    expect(await parkedOf(standby)).toEqual([]);
  });
});
