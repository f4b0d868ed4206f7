import { Decider, EventStore } from "moleculer-event-sourcing";
import { cleanUp, refusal, startBroker } from "../support/broker.ts";

afterEach(cleanUp);

/** A caller on the store's node, and one on another. */
async function start(): Promise<Record<"local" | "remote", Awaited<ReturnType<typeof startBroker>>>> {
  const eventStore = EventStore("meetings", {
    adapter: "memory:",
    events: { "meeting.held": { payload: { at: "date" } } },
  });
  const toEvent = (at: Date) => {
    if (!(at instanceof Date)) throw new TypeError("found no Date");
    return { at: at.toISOString() };
  };
  const meeting = Decider("meeting", {
    eventStore,
    initialState: () => ({}),
    commands: {
      hold: { params: { at: "date" }, decide: (_, { at }) => ({ type: "meeting.held", payload: toEvent(at) }) },
      convert: {
        params: { at: "date|convert" },
        decide: (_, { at }) => ({ type: "meeting.held", payload: toEvent(at) }),
      },
    },
    evolve: { "meeting.held": (state) => state },
  });
  const actions = {
    move: eventStore.mapAction("meeting.held", {
      params: { id: "string", at: { type: "date", convert: true } },
      payload: ({ at }) => toEvent(at),
    }),
  };
  const options = { transporter: "Fake", namespace: crypto.randomUUID() } as const;
  const local = await startBroker([{ name: "meeting", mixins: [meeting.mixin()], actions }], options);
  const remote = await startBroker([], { ...options, nodeID: "remote" });
  await remote.waitForServices(["meeting", "meetings"]);
  return { local, remote };
}

const at = "2026-01-01T00:00:00.000Z";

describe("A date in params", () => {
  it("is a Date for the handler, wherever the caller is", async () => {
    const { local, remote } = await start();
    const send = async (broker: typeof local, action: string, date: unknown) => {
      const { events } = await broker.call<{ events: { payload: unknown }[] }, object>(action, { id: "1", at: date });
      expect(events[0]!.payload).toEqual({ at });
    };
    await send(local, "meeting.hold", new Date(at));
    for (const broker of [local, remote])
      for (const action of ["meeting.convert", "meeting.move"])
        for (const date of [at, new Date(at), Date.parse(at)]) await send(broker, action, date);
  });

  it("is refused as a string unless its rule converts", async () => {
    const { local, remote } = await start();
    const message = `at: found "${at}", expected a Date, or an ISO 8601 string if the rule is "date|convert"`;
    const refused = { code: 422, type: "VALIDATION_ERROR", message };
    expect(await refusal(() => local.call("meeting.hold", { id: "1", at }))).toMatchObject(refused);
    // JSON carries a Date as a string.
    expect(await refusal(() => remote.call("meeting.hold", { id: "1", at: new Date(at) }))).toMatchObject(refused);
  });
});
