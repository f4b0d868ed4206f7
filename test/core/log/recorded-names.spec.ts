import type { KeyedState, LogControl } from "../../../core/log/control.ts";
import { RecordedNames } from "../../../core/log/recorded-names.ts";
import { memory } from "moleculer-event-sourcing/adapters/memory";

const names = { "loan.lent": ["book.lent"] };

async function openLog() {
  const log = memory().eventLog!("events");
  await log.open();
  return log;
}

/** The log, of which `get` counts and waits. */
function watched(control: LogControl) {
  const calls = { reads: 0, wait: Promise.resolve() };
  const get = async (key: string) => {
    calls.reads++;
    await calls.wait;
    return control.get(key);
  };
  return { calls, control: { ...control, get } };
}

describe("The former names in a log", () => {
  it("are those that all releases have recorded, of which none is lost to another at the same time", async () => {
    const log = await openLog();
    const hosts = Array.from({ length: 5 }, () => new RecordedNames(log));
    await Promise.all(
      hosts.map((host, n) => host.record({ ...names, [`type.n${n}`]: ["type.o"], "loan.lent": [`old.n${n}`] })),
    );
    await hosts[0]!.record({});
    const found = (await hosts[0]!.of([{ type: "loan.lent" }, { type: "type.n4" }])) as Record<string, string[]>;
    expect(found["type.n4"]).toEqual(["type.o"]);
    expect(found["loan.lent"]!.toSorted()).toEqual(["old.n0", "old.n1", "old.n2", "old.n3", "old.n4"]);
    const states = await log.control.states({ prefix: "formerNames", limit: 10 });
    expect(states.map(({ key, revision }: KeyedState) => [key, revision])).toEqual([["formerNames", 5]]);
    await hosts[1]!.record(names).then(() => hosts[2]!.record(names));
    expect((await log.control.get("formerNames"))!.revision).toBe(6);
    await log.close();
  });

  it("are read once for each type that is met, and not for one that was met before", async () => {
    const log = await openLog();
    const { calls, control } = watched(log.control);
    const host = new RecordedNames({ control });
    for (const type of ["a.b", "a.b", "a.c", "a.b"]) expect(await host.of([{ type }])).toBeUndefined();
    expect(calls.reads).toBe(2);
    await host.record(names);
    expect(await host.of([{ type: "loan.lent" }, { type: "a.b" }])).toEqual(names);
    await log.close();
  });

  it("are not missed by a read that runs while another one finds them", async () => {
    const log = await openLog();
    await new RecordedNames(log).record(names);
    const host = new RecordedNames(log);
    const found: boolean[][] = [[], []];
    const read = (index: number, pause: Promise<void>) =>
      host.read(async (known, see) => {
        see("a.b");
        await pause;
        see("loan.lent");
        found[index]!.push(Object.hasOwn(known, "loan.lent"));
      });
    const gate = Promise.withResolvers<void>();
    const slow = read(0, gate.promise);
    await read(1, Promise.resolve());
    gate.resolve();
    await slow;
    expect(found.map((one) => one.at(-1))).toEqual([true, true]);
    await log.close();
  });
});
