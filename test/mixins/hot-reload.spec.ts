import { Aggregate, EventStore } from "moleculer-event-sourcing";
import type { ServiceBroker } from "moleculer";
import { setTimes, times } from "../../core/concurrency/times.ts";
import { LogLines } from "./log-lines.ts";
import { cleanUp, eventually, newFolder, startBroker } from "../support/broker.ts";

afterEach(cleanUp);

/** A file with a store and a table, as it is loaded once: its definitions are other objects each time. */
function load(folder: string, by: string, payload = "string") {
  const events = EventStore("events", {
    adapter: `sqlite:${folder}/events.db`,
    events: { "thing.made": { payload: { name: payload } } },
  });
  const things = Aggregate("things", {
    eventStore: events,
    fields: { name: "string", by: "string" },
    definitionVersion: by,
  })
    .on("thing.made")
    .create(({ payload: { name } }) => ({ name: String(name), by }));
  const make = () => events.mapAction("thing.made", { stream: "new" });
  return {
    writer: () => ({ name: "writer", mixins: [events.mixin()], actions: { make: make() } }),
    reader: () => ({ name: "reader", mixins: [things.mixin()] }),
  };
}

/** As Moleculer's hot reload does: every service that needs the file is replaced, none waits for another. */
const reload = (broker: ServiceBroker, { writer, reader }: ReturnType<typeof load>) =>
  Promise.all(
    [writer, reader].map(async (create) => {
      const schema = create();
      await broker.destroyService(schema.name);
      broker.createService(schema);
    }),
  );

const rows = async (broker: ServiceBroker) => {
  const found: { name: string; by: string }[] = await broker.call("things.find", { sort: "name" });
  return found.map(({ name, by }) => [name, by]);
};

describe("A store and a table in a file that a hot reload loads again", () => {
  it.each([
    ["a transform", "string"],
    ["the catalogue", "string|max:20"],
  ])("are replaced if %s has changed, whichever service is loaded first", async (_what, payload) => {
    const folder = newFolder();
    const first = load(folder, "before");
    const broker = await startBroker([first.writer(), first.reader()]);
    broker.options.hotReload = true;
    await broker.call("writer.make", { name: "a" });
    await eventually(async () => expect(await rows(broker)).toEqual([["a", "before"]]));
    await reload(broker, load(folder, "after", payload));
    await broker.waitForServices(["writer", "reader", "things"]);
    await broker.call("writer.make", { name: "b" });
    await eventually(async () =>
      expect(await rows(broker)).toEqual([
        ["a", "after"],
        ["b", "after"],
      ]),
    );
  });

  it("are refused if a service that stays has another definition", async () => {
    const { waitMs } = times.hotReload;
    setTimes({ hotReload: { waitMs: 100 } });
    try {
      const folder = newFolder();
      const first = load(folder, "before");
      const log = new LogLines();
      const broker = await startBroker([first.writer(), first.reader()], { logger: log });
      broker.options.hotReload = true;
      broker.createService({ ...load(folder, "after").reader(), name: "second" });
      const refused = /Unable to start service\..*NameTakenError/s;
      await eventually(() => expect(log.of("error", refused)).toHaveLength(1));
    } finally {
      setTimes({ hotReload: { waitMs } });
    }
  });
});
