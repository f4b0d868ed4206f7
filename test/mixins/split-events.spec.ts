import { Aggregate, EventStore, ProcessManager, Subscription, type RecordedEvent } from "moleculer-event-sourcing";
import { cleanUp, eventually, refusal, startBroker } from "../support/broker.ts";
import { eventsIn } from "../support/pages.ts";

afterEach(cleanUp);

const store = () =>
  EventStore("events", {
    adapter: "memory:",
    events: {
      "deal.struck": {
        renamedFrom: ["deal.done"],
        schemaVersion: 2,
        upcasters: {
          1: {
            to: ["deal.sold", "deal.bought"],
            upcast: ({ from, to }: Record<string, unknown>) => [
              { type: "deal.sold", payload: { by: from } },
              { type: "deal.bought", payload: { by: to } },
            ],
          },
        },
      },
      "deal.sold": { payload: { by: "string" } },
      "deal.bought": { payload: { by: "string" } },
    },
  });

type ByName = RecordedEvent<string, { by: string }>;
interface Parked {
  id: string;
  type: string;
  error: { message: string } | null;
}

/** Consumers that fail on what has been bought, as long as `isBroken`. */
async function start() {
  const state = { isBroken: true, handled: [] as string[] };
  const fail = () => {
    if (state.isBroken) throw new Error("broken");
  };
  const events = store();
  const deals = Aggregate("deals", {
    eventStore: events,
    adapter: "memory:",
    fields: { seller: "string", buyer: "string" },
    onError: { retries: 0 },
  })
    .on("deal.sold")
    .update(({ payload }) => ({ seller: payload.by }))
    .on("deal.bought")
    .update(({ payload }) => {
      fail();
      return { buyer: payload.by };
    });
  const mails = Subscription("mails", {
    eventStore: events,
    on: {
      "deal.*": ({ id, type }) => {
        const isBought = type === "deal.bought";
        if (isBought && state.isBroken && state.handled.length < 3) {
          state.handled.push(`failed at ${id.slice(36)}`);
          throw new Error("broken");
        }
        state.handled.push(`${type} ${id.slice(36)}`);
      },
    },
    onError: { retries: 3, delayMs: 0 },
  });
  const people = ProcessManager("people", {
    eventStore: events,
    correlate: ({ payload }) => (payload as { by: string }).by,
    initialState: () => [] as string[],
    on: { "deal.*": ({ type }, { state: before }) => [...before, type] },
  });
  const services = [{ name: "deal", mixins: [deals.mixin(), mails.mixin(), people.mixin()] }];
  const broker = await startBroker(services);
  const strike = async (from: string, to: string) => {
    const old = { type: "deal.done", payload: { from, to }, meta: { schemaVersion: 1 } };
    const answer = await broker.call<{ events: ByName[] }, object>("events.append", {
      stream: "deal-1",
      events: [old],
    });
    return answer.events[0]!;
  };
  return { broker, state, strike };
}

describe("A stored event that is read as two", () => {
  it("changes a table by both or by none, and is parked, listed and retried by its own id", async () => {
    const { broker, state, strike } = await start();
    const { id } = await strike("Ann", "Bob");
    const parked = () => eventsIn(broker.call<{ events: Parked[] }>("deals.parked"));
    await eventually(async () => expect(await parked()).toMatchObject([{ id, error: { message: "broken" } }]));
    expect(await broker.call("deals.find")).toEqual([]);
    await strike("Cid", "Dan");
    await eventually(async () => expect(await parked()).toHaveLength(2));
    state.isBroken = false;
    await broker.call("deals.retry", { id });
    await eventually(async () =>
      expect(await broker.call("deals.find")).toEqual([{ id: "1", seller: "Cid", buyer: "Dan" }]),
    );
    expect(await parked()).toEqual([]);
  });

  it("is handled by a subscription in order, and a retry goes on at the one that has failed", async () => {
    const { broker, state, strike } = await start();
    await strike("Ann", "Bob");
    await eventually(() =>
      expect(state.handled).toEqual(["deal.sold ", "failed at .2", "failed at .2", "deal.bought .2"]),
    );
    expect(await broker.call("mails.status")).toMatchObject({ parked: 0 });
  });

  it("is handled by every process that one of the two belongs to, and once if both belong to one", async () => {
    const { broker, strike } = await start();
    await strike("Ann", "Bob");
    await strike("Ann", "Ann");
    await eventually(async () =>
      expect(await broker.call("people.processes")).toMatchObject({
        processes: [
          { id: "Ann", state: ["deal.sold", "deal.sold", "deal.bought"], position: 2 },
          { id: "Bob", state: ["deal.bought"], position: 1 },
        ],
      }),
    );
  });

  it("is skipped in a past with both by its id, and in part by a query", async () => {
    const { broker, state, strike } = await start();
    state.isBroken = false;
    const { id } = await strike("Ann", "Bob");
    await eventually(async () => expect(await broker.call("deals.find")).toHaveLength(1));
    expect(await broker.call("deals.whatIf", { skip: id })).toMatchObject({ rows: [] });
    const onlySold = await broker.call("deals.whatIf", { skip: { type: "deal.bought" } });
    expect(onlySold).toMatchObject({ rows: [{ id: "1", seller: "Ann", buyer: null }] });
  });
});

/** The compiler refuses a former name, too. */
const untyped = () => store() as unknown as ReturnType<typeof EventStore>;

describe("A former name", () => {
  it.each([
    ["a table", () => Aggregate("t", { eventStore: untyped(), fields: { a: "string" } }).on("deal.done")],
    ["a subscription", () => Subscription("s", { eventStore: untyped(), on: { "deal.done": () => {} } })],
    ["a process manager", () => ProcessManager("p", { eventStore: untyped(), on: { "deal.done": () => {} } })],
    ["an action", () => untyped().mapAction("deal.done")],
  ])("is refused by %s", async (_what, define) => {
    expect(await refusal(define)).toMatchObject({
      type: "DEFINITION",
      message: expect.stringMatching(/found "deal.done", expected today's name of the type: deal.struck$/),
    });
  });
});
