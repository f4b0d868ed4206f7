import { chmodSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { Aggregate, EventStore } from "moleculer-event-sourcing";
import { memory } from "moleculer-event-sourcing/adapters/memory";
import { caughtUp, cleanUp, newFolder, startBroker } from "../support/broker.ts";

const umask = process.umask();

afterEach(async () => {
  process.umask(umask);
  await cleanUp();
});

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

/** Every file and folder below a folder, with its mode. */
const modesBelow = (folder: string): Record<string, string> =>
  Object.fromEntries(
    (readdirSync(folder, { recursive: true }) as string[]).map((name) => [name, modeOf(join(folder, name))]),
  );

describe("What a node creates on its disk", () => {
  // The most permissive umask: files that are private then are private by our own modes.
  it("is for its owner alone, whatever the process's umask is", async () => {
    process.umask(0);
    const folder = `${newFolder()}/new`;
    const events = EventStore("events", { adapter: `sqlite:${folder}/data/events.db` });
    const things = Aggregate("things", { eventStore: events, fields: { n: "integer" } });
    const inMemory = Aggregate("inMemory", {
      eventStore: events,
      adapter: memory(),
      fields: { n: "integer" },
      snapshots: { folder: `${folder}/snapshots` },
    });
    const mixins = [
      events.mixin(),
      ...[things, inMemory].map((one) =>
        one
          .on("thing.made")
          .create(({ id }) => ({ id, n: 1 }))
          .mixin(),
      ),
    ];
    const broker = await startBroker([{ name: "thing", mixins }]);
    const append = () =>
      broker.call("events.append", { stream: "thing-1", events: [{ type: "thing.made", payload: {} }] });
    await append();
    await caughtUp(broker, "things");
    await caughtUp(broker, "inMemory");
    await broker.call("events.backup", { to: "backups/one.db" });
    await broker.call("events.export", { to: "exports/one.jsonl" });
    for (const table of ["things", "inMemory"]) {
      const { id } = await broker.call<{ id: string }>(`${table}.snapshot`);
      await append();
      await broker.call(`${table}.replay`, { snapshotId: id });
    }
    const modes = modesBelow(folder);
    const isFolder = (name: string) => statSync(join(folder, name)).isDirectory();
    expect(Object.keys(modes).length).toBeGreaterThan(15);
    expect(Object.entries(modes).filter(([name, mode]) => mode !== (isFolder(name) ? "700" : "600"))).toEqual([]);
    expect(modeOf(folder)).toBe("700");
    await broker.stop();
  });

  it("keeps the mode of a folder and of a file that were there", async () => {
    const folder = `${newFolder()}/data`;
    mkdirSync(folder);
    chmodSync(folder, 0o750);
    const events = EventStore("events", { adapter: `sqlite:${folder}/events.db` });
    const start = () => startBroker([{ name: "thing", mixins: [events.mixin()] }]);
    await (await start()).stop();
    chmodSync(`${folder}/events.db`, 0o640);
    const broker = await start();
    expect(modeOf(folder)).toBe("750");
    expect([modeOf(`${folder}/events.db`), modeOf(`${folder}/events.db-wal`)]).toEqual(["640", "640"]);
    await broker.stop();
  });
});
