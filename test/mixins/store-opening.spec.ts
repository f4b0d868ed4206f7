import { EventStore } from "moleculer-event-sourcing";
import { memory } from "moleculer-event-sourcing/adapters/memory";
import { StoreUnavailableError } from "../../core/errors.ts";
import type { EventLog } from "../../core/event-log.ts";
import { cleanUp, startBroker } from "../support/broker.ts";

afterEach(cleanUp);

describe("A store whose engine goes while it is being opened", () => {
  it("closes what it has opened before it tries again", async () => {
    const place = memory();
    const calls: string[] = [];
    const eventLog = (name: string): EventLog => {
      const log = place.eventLog!(name);
      const [open, close, getState] = [log.open.bind(log), log.close.bind(log), log.getState.bind(log)];
      log.open = () => (calls.push("open"), open());
      log.close = () => (calls.push("close"), close());
      log.getState = async (key) => {
        if (calls.length < 3) throw new StoreUnavailableError("server", "nothing heard");
        return getState(key);
      };
      return log;
    };
    const events = EventStore("events", { adapter: { ...place, eventLog } });
    const broker = await startBroker([{ name: "host", mixins: [events.mixin()] }]);
    expect(calls).toEqual(["open", "close", "open"]);
    expect(await broker.call("events.status")).toMatchObject({ position: 0, pump: { lag: 0 } });
    await broker.stop();
    expect(calls).toEqual(["open", "close", "open", "close"]);
  });
});
