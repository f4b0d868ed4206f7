import { Aggregate, EventStore } from "moleculer-event-sourcing";
import { cleanUp, caughtUp, newFolder, startBroker } from "../support/broker.ts";

afterEach(cleanUp);

it("folds an appended event into a row", async () => {
  const events = EventStore("events", { adapter: `sqlite:${newFolder()}/events.db` });
  const table = Aggregate("table", { eventStore: events, fields: { name: "string" } })
    .on("thing.created")
    .create((event) => ({ id: "1", name: String(event.payload["name"]) }));
  const broker = await startBroker([
    { name: "thing", mixins: [events.mixin(), table.mixin()], actions: { create: events.mapAction("thing.created") } },
  ]);
  await broker.call("thing.create", { name: "x" });
  await caughtUp(broker, "table");
  expect(await broker.call("table.find")).toEqual([{ id: "1", name: "x" }]);
});
