import { jest } from "@jest/globals";
import { EventStore } from "moleculer-event-sourcing";
import { memory } from "moleculer-event-sourcing/adapters/memory";
import { cleanUp, startBroker } from "../support/broker.ts";
import { LogLines } from "./log-lines.ts";

afterEach(async () => {
  jest.restoreAllMocks();
  await cleanUp();
});

describe("A log that is ahead of its host's clock", () => {
  it("is warned of once, with both times", async () => {
    const logger = new LogLines();
    const events = EventStore("events", { adapter: memory() });
    const broker = await startBroker([{ name: "host", mixins: [events.mixin()] }], { logger });
    const append = () => broker.call("events.append", { stream: "a", events: [{ type: "a.b", payload: {} }] });
    await append();
    expect(logger.of("warn", /ahead of this host's clock/)).toEqual([]);
    const clock = jest.spyOn(Date, "now").mockReturnValue(Date.now() - 3_600_000);
    const set = new Date(Date.now()).toISOString();
    await append();
    await append();
    const [warning, ...others] = logger.of("warn", /ahead of this host's clock/);
    expect(others).toEqual([]);
    expect(warning).toContain(set);
    expect(warning).toMatch(/lastEvent: '\d{4}-\d\d-\d\dT/);
    clock.mockRestore();
  });
});
