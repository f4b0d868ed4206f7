import { Decider, EventStore, type StoredAnswer } from "moleculer-event-sourcing";
import type { ActionHandler, Context, Middleware, ServiceBroker, ServiceSchema } from "moleculer";
import { cleanUp, newFolder, refusal, startBroker } from "../support/broker.ts";
import { named } from "../support/command-of.ts";

afterEach(cleanUp);

type Events = Record<"note.taken" | "money.moved", { amount: number }>;

interface Release {
  adapter: string;
  rules?: Record<string, unknown>;
  hooks?: ServiceSchema["hooks"];
}

/** A release of a command, a mapped action and a type of the catalogue, all with the same rules. */
function release({ adapter, rules = {}, hooks = {} }: Release): ServiceSchema[] {
  const payload = { amount: "number", ...rules } as { amount: "number" };
  const events = EventStore<Events>("events", { adapter, events: { "note.taken": { payload } } });
  const account = Decider("account", {
    eventStore: events,
    initialState: () => 0,
    commands: {
      move: {
        params: { id: "string", ...payload },
        decide: (_, { amount }) => ({ type: "money.moved", payload: { amount } }),
      },
    },
    evolve: { "money.moved": (balance, event) => balance + event.payload.amount },
  });
  const move = events.mapAction("money.moved", { params: { id: "string", ...payload } });
  return [
    { name: "account", mixins: [account.mixin()], hooks },
    { name: "book", mixins: [events.mixin()], hooks, actions: { move } },
  ];
}

const move = (action: string) => (broker: ServiceBroker, amount: number, commandId: string) =>
  broker.call<StoredAnswer, object>(action, { id: "1", amount }, named(commandId));

const append = (broker: ServiceBroker, amount: number, commandId: string) =>
  broker.call<StoredAnswer, object>(
    "events.append",
    { stream: "note-1", events: [{ type: "note.taken", payload: { amount } }] },
    named(commandId),
  );

const actions = [
  ["account.move", move("account.move")],
  ["book.move", move("book.move")],
  ["events.append", append],
] as const;

const changes = [
  ["requires a new field", { reason: "string" }],
  ["narrows a rule", { amount: { type: "number", max: 10 } }],
] as const;

const cases = actions.flatMap(([action, send]) =>
  changes.map(([change, rules]) => [action, change, send, rules] as const),
);

/** Stores an amount of 100 in an older release, and starts the newer one. */
async function acrossReleases(
  send: (typeof actions)[number][1],
  newer: Omit<Release, "adapter">,
  middlewares: Middleware[] = [],
): Promise<[first: StoredAnswer, broker: ServiceBroker]> {
  const adapter = `sqlite:${newFolder()}/events.db`;
  const older = await startBroker(release({ adapter, rules: { currency: { type: "string", default: "EUR" } } }));
  const first = await send(older, 100, "c");
  await older.stop();
  return [first, await startBroker(release({ adapter, ...newer }), { middlewares })];
}

describe("A call of an older release, sent again to one that refuses it,", () => {
  it.each(cases)("alone gets its first result: of %s, if the release %s", async (action, _change, send, rules) => {
    const [first, broker] = await acrossReleases(send, { rules });
    expect(await send(broker, 100, "c")).toEqual({ ...first, repeated: true });
    expect(await refusal(() => send(broker, 101, "c"))).toMatchObject({
      type: "COMMAND_ID_REUSED",
      data: { commandId: "c", command: action },
    });
    expect(await refusal(() => send(broker, 100, "d"))).toMatchObject({ type: "VALIDATION_ERROR" });
    expect(await broker.call("events.count")).toBe(1);
  });
});

describe.each(actions.slice(0, 2))("A repeated call of %s that the rules refuse", (action, send) => {
  const rules = { reason: "string" };
  const forbidden = Object.assign(new Error("not yours"), { code: 403, type: "FORBIDDEN" });

  it("is still refused by a hook", async () => {
    const before = (ctx: Context) => {
      if (ctx.action!.name === action) throw forbidden;
    };
    const [, broker] = await acrossReleases(send, { rules, hooks: { before: { "*": before } } });
    expect(await refusal(() => send(broker, 100, "c"))).toMatchObject({ type: "FORBIDDEN" });
  });

  it("is still refused by a middleware of the broker", async () => {
    const localAction = (next: ActionHandler, { name }: { name?: string }): ActionHandler =>
      name === action ? () => Promise.reject(forbidden) : next;
    const [, broker] = await acrossReleases(send, { rules }, [{ name: "Auth", localAction }]);
    expect(await refusal(() => send(broker, 100, "c"))).toMatchObject({ type: "FORBIDDEN" });
  });
});
