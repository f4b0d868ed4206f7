import type { Middleware } from "moleculer";
import { postgres } from "../../../adapters/postgres/postgres.ts";
import { StoreUnavailableError } from "../../../core/errors/errors.ts";
import type { Lease, LeaseAnswer } from "../../../core/log/control.ts";
import { cleanUp, eventually } from "../../support/broker.ts";
import { describeWith } from "../../support/engines.ts";
import { ask, numbers, rowsOn, SharedTable, statusOf, withStatus } from "./shared-tables.ts";
import type { OnTableCall } from "../../mixins/watched-tables.ts";
import { spoken } from "../../../mixins/service/between-nodes.ts";

afterEach(cleanUp);

const lost = () => new StoreUnavailableError("table", "the answer is lost");
const after = (position: number) => ({ readAfter: { events: position } });

/** A table's call, whose answer is lost the so-manieth time that it is given while `isArmed`. */
function losing(lostCall: string, isMeant: (of: number | null) => boolean = () => true) {
  const state = { isArmed: false, hasHappened: false, after: 1 };
  const meet: OnTableCall = (call, when, of) => {
    if (!state.isArmed || call !== lostCall || when !== "after" || !isMeant(of) || --state.after > 0) return;
    state.isArmed = false;
    state.hasHappened = true;
    throw lost();
  };
  return { state, meet };
}

/** What a node asks its broker for, held back where `isHeld` says so. */
const calls = (wrap: (name: string, call: () => Promise<unknown>) => Promise<unknown>) =>
  ({
    name: "calls",
    call:
      (next: (...args: unknown[]) => Promise<unknown>) =>
      (name: string, ...more: unknown[]) =>
        wrap(name, () => next(name, ...more)),
  }) as unknown as Middleware;

describeWith("postgres", "A table that two nodes share", (server) => {
  const newTable = () => SharedTable.start(postgres(server().url));

  it("folds no event twice where the answer to a rebuild's commit is lost in the middle of a page", async () => {
    const shared = await newTable();
    const { state, meet } = losing("commit", (of) => of === null);
    const node = await shared.node("first", { meet });
    await shared.add(200);
    await withStatus(node, { position: 200 });
    // A page takes several: each of the transforms takes a while.
    state.after = 2;
    state.isArmed = true;
    expect(await ask(node, "rebuild")).toMatchObject({ position: 200 });
    expect(state.hasHappened).toBe(true);
    expect(await statusOf(node)).toMatchObject({ parked: 0, position: 200 });
    expect(await rowsOn(node)).toMatchObject(numbers(200));
  });

  it("answers who has ordered a rebuild where the answer to its switch is lost", async () => {
    const shared = await newTable();
    const { state, meet } = losing("switchTo");
    const node = await shared.node("first", { meet });
    await shared.add(10);
    await rowsOn(node, after(10));
    state.isArmed = true;
    expect(await ask(node, "rebuild")).toMatchObject({ position: 10 });
    expect(state.hasHappened).toBe(true);
    await withStatus(node, { state: "live", rebuilding: null });
    expect(await ask(node, "rebuild")).toMatchObject({ position: 10 });
  });

  it("answers who has ordered a rebuild where another has done it and stopped before he looked again", async () => {
    const shared = await newTable();
    let gate: PromiseWithResolvers<void> | null = null;
    let isWaiting = false;
    const built: OnTableCall = async (call, when) => {
      if (call !== "switchTo" || when !== "before") return;
      gate = Promise.withResolvers();
      await eventually(() => expect(isWaiting).toBe(true));
    };
    const holding = calls(async (name, call) => {
      if (name === "$events.page" && gate) {
        isWaiting = true;
        await gate.promise;
      }
      return call();
    });
    const first = await shared.node("first", { meet: built });
    await withStatus(first, { state: "live" });
    const second = await shared.node("second", {}, { middlewares: [holding] });
    await withStatus(second, { state: "standby" });
    await shared.add(10);
    await rowsOn(second, after(10));
    const rebuilt = ask(second, "rebuild");
    await eventually(() => expect(isWaiting).toBe(true));
    await withStatus(first, { rebuilding: null });
    await first.stop();
    gate!.resolve();
    gate = null;
    expect(await rebuilt).toMatchObject({ position: 10 });
    await withStatus(second, { state: "live" });
  });

  it("goes on with an order where the lease comes back and the table does not answer at once", async () => {
    const shared = await newTable();
    const leases: (Lease | null)[] = [];
    const noting = calls(async (name, call) => {
      const answer = await call();
      if (name === "$events.takeLease") leases.push((answer as LeaseAnswer).lease);
      return answer;
    });
    let isArmed = false;
    const gate = Promise.withResolvers<void>();
    let isBuilding = false;
    const meet: OnTableCall = async (call, when) => {
      if (!isArmed || when === "after") return;
      if (call === "build" && !isBuilding) {
        isBuilding = true;
        await gate.promise;
        throw lost();
      }
      if (call === "progress") {
        isArmed = false;
        throw lost();
      }
    };
    const node = await shared.node("first", { meet }, { middlewares: [noting] });
    await shared.add(10);
    await rowsOn(node, after(10));
    isArmed = true;
    const rebuilt = ask(node, "rebuild");
    await eventually(() => expect(isBuilding).toBe(true));
    // As after a pause of the whole process: it was another's for a moment.
    const { epoch } = leases.at(-1)!;
    await shared.store.call("$events.releaseLease", { consumer: "table/table", lease: leases.at(-1) }, spoken);
    await eventually(() => expect(leases.at(-1)!.epoch).toBeGreaterThan(epoch));
    gate.resolve();
    expect(await rebuilt).toMatchObject({ position: 10 });
    expect(isArmed).toBe(false);
    expect(await rowsOn(node)).toMatchObject(numbers(10));
  });

  it("is folded by the other where it is out of reach of the one in charge, and of its definition", async () => {
    const shared = await newTable();
    let isOutOfReach = false;
    const meet: OnTableCall = (_call, when) => {
      if (isOutOfReach && when === "before") throw lost();
    };
    const first = await shared.node("first", { meet, onChange: "refuse" });
    await withStatus(first, { state: "live" });
    const second = await shared.node("second", { version: 2, onChange: "warn" });
    await withStatus(second, { state: "standby" });
    await shared.add(10);
    await rowsOn(first, after(10));
    isOutOfReach = true;
    await shared.add(10);
    await withStatus(second, { state: "live", stale: true, position: 20 });
    isOutOfReach = false;
    await withStatus(first, { state: "standby", stale: true, position: 20 });
    await second.stop();
    await withStatus(first, { state: "waiting" });
    const third = await shared.node("third", { version: 2, onChange: "warn" });
    await shared.add(10);
    await withStatus(third, { state: "live", stale: true, position: 30 });
    expect(await rowsOn(third)).toMatchObject(numbers(30));
  });

  it("goes on with a rebuild where it was out of reach of its only node for longer than a lease lives", async () => {
    const shared = await newTable();
    let isOutOfReach = false;
    let builds = 0;
    let commits = 0;
    const meet: OnTableCall = (call, when) => {
      if (when === "after") return;
      if (call === "build") builds++;
      // In the middle of what is built.
      if (call === "commit" && builds === 1 && ++commits === 2) isOutOfReach = true;
      if (isOutOfReach) throw lost();
    };
    const leases: (Lease | null)[] = [];
    const noting = calls(async (name, call) => {
      const answer = await call();
      if (name === "$events.takeLease") leases.push((answer as LeaseAnswer).lease);
      return answer;
    });
    const node = await shared.node("first", { meet }, { middlewares: [noting] });
    await shared.add(200);
    await withStatus(node, { position: 200 });
    const { epoch } = leases.at(-1)!;
    const rebuilt = ask(node, "rebuild");
    await eventually(() => expect(leases.at(-1)!.epoch).toBeGreaterThan(epoch + 1));
    expect(isOutOfReach).toBe(true);
    isOutOfReach = false;
    expect(await rebuilt).toMatchObject({ position: 200 });
    expect(await rowsOn(node)).toMatchObject(numbers(200));
    expect(builds).toBe(1);
  });

  it("says on both nodes that it waits while its server is away", async () => {
    const shared = await newTable();
    const [first, second] = await shared.pair();
    await shared.add(10);
    await rowsOn(second, after(10));
    await server().kill();
    await shared.add(10);
    for (const node of [first, second]) await withStatus(node, { state: "waiting", position: 10, lag: 10 });
    await server().start();
    expect(await eventually(() => rowsOn(second, after(20)))).toHaveLength(20);
  });
});
