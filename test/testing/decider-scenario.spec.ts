import type { Context } from "moleculer";
import { Decider, EventStore } from "moleculer-event-sourcing";
import { memoryBroker, scenario, type ExpectedError } from "moleculer-event-sourcing/testing";
import { failure } from "./failure.ts";

const events = EventStore("bank", {
  events: {
    "account.opened": { payload: { iban: "string" } },
    "account.moved": { payload: { amount: "number|positive" } },
    "account.noted": { payload: { text: "string|trim", fee: "number?" } },
  },
});

class InsufficientFunds extends Error {
  override name = "InsufficientFunds";
  readonly type = "INSUFFICIENT_FUNDS";
  readonly code = 422;
  readonly data: { missing: number };

  constructor(missing: number) {
    super(`${missing} are missing`);
    this.data = { missing };
  }
}

const account = Decider("account", {
  eventStore: events,
  initialState: () => ({ isOpen: false, balance: 0, notes: [] as string[] }),
  commands: {
    open: {
      params: { iban: "string|min:2" },
      decide: ({ isOpen }, { iban }) => (isOpen ? null : { type: "account.opened", payload: { iban } }),
    },
    move: {
      params: { amounts: { type: "array", items: { type: "number", convert: true } } },
      decide: (_, { amounts }, ctx: Context<object, { user?: string }>) =>
        amounts.map((amount) => ({ type: "account.moved", payload: { amount }, meta: { by: ctx.meta.user } })),
    },
    withdraw: {
      params: { amount: { type: "number", default: 10 } },
      decide({ balance }, { amount }) {
        if (amount > balance) throw new InsufficientFunds(amount - balance);
        return { type: "account.moved", payload: { amount } };
      },
    },
    note: {
      params: { text: "string" },
      async decide(_, { text }, ctx: Context<object, object>) {
        const fee: number = await ctx.call("fees.today");
        return { type: "account.noted", payload: { text, fee } };
      },
    },
    careless: {
      decide(state) {
        state.balance = 5;
      },
    },
    hooked: {
      decide: (_, __, { locals, meta }) => ({
        type: "account.noted",
        payload: { text: JSON.stringify({ locals, meta }) },
      }),
    },
  },
  evolve: {
    "account.opened": (state) => ({ ...state, isOpen: true }),
    "account.moved": (state, { payload }) => ({ ...state, balance: state.balance + payload.amount }),
    "account.noted": (state, { payload, time }) => ({ ...state, notes: [...state.notes, `${time}: ${payload.text}`] }),
  },
  claims: { iban: { claim: { "account.opened": ({ payload }) => payload.iban }, ignoreCase: true } },
});

const opened = (iban: string) => ({ type: "account.opened", payload: { iban } }) as const;
const moved = (amount: number) => ({ type: "account.moved", payload: { amount } }) as const;

describe("A scenario of a decider", () => {
  it("decides an event", () => scenario(account).given().when("open", { id: "1", iban: "NZ1" }).then(opened("NZ1")));

  it("decides several events, in their order", () =>
    scenario(account)
      .given(opened("NZ1"))
      .when("move", { id: "1", amounts: [1, 2] })
      .then(moved(1), moved(2)));

  it("decides no events", () => scenario(account).given(opened("NZ1")).when("open", { id: "1", iban: "NZ1" }).then());

  it("decides on the state that the given events make", async () => {
    const withdraw = scenario(account).given(moved(5), moved(6)).when("withdraw", { id: "1", amount: 11 });
    await withdraw.then(moved(11));
    await withdraw.thenState({ isOpen: false, balance: 22, notes: [] });
  });

  it.each<[string, ExpectedError]>([
    ["its class", InsufficientFunds],
    ["an error like it", new InsufficientFunds(6)],
    ["its fields", { type: "INSUFFICIENT_FUNDS", code: 422, message: /missing$/, data: { missing: 6 } }],
    ["its message", /6 are missing/],
  ])("is refused by the domain's own error, which is expected by %s", (_, expected) =>
    scenario(account).given(moved(5)).when("withdraw", { id: "1", amount: 11 }).then(expected),
  );

  it("looks at the fields of meta that are said, and no others", () =>
    scenario(account)
      .given()
      .when("move", { id: "1", amounts: [1, 2] }, { meta: { user: "ann" } })
      .then({ ...moved(1), meta: { by: "ann" } }, moved(2)));

  it("validates the params as the action does: defaults, conversions, refusals", async () => {
    const account1 = scenario(account).given(moved(5));
    await account1.when("withdraw", { id: "1" } as { id: string; amount: number }).then(new InsufficientFunds(5));
    await account1.when("move", { id: "1", amounts: ["3" as unknown as number] }).then(moved(3));
    await account1
      .when("open", { id: "1", iban: "N" })
      .then({ name: "ValidationError", code: 422, data: [{ field: "iban", actual: "N" }] });
  });

  it("takes a field that is undefined for one that is not there, and a payload that is left out for an empty one", async () => {
    const bare = Decider("bare", {
      eventStore: EventStore<{ "thing.done": { note?: string | undefined } }>("things"),
      initialState: () => 0,
      commands: {
        do: { decide: () => [{ type: "thing.done", payload: { note: undefined } }, { type: "thing.done" }] },
      },
      evolve: { "thing.done": (count) => count + 1 },
    });
    const done = { type: "thing.done", payload: { note: undefined } } as const;
    await scenario(bare).given().when("do", { id: "1" }).then({ type: "thing.done" }, done);
  });

  it("hands locals and meta to decide, without the command's id", () =>
    scenario(account)
      .given()
      .when("hooked", { id: "1" }, { locals: { blocked: ["x"] }, meta: { user: "ann" } })
      .then({ type: "account.noted", payload: { text: '{"locals":{"blocked":["x"]},"meta":{"user":"ann"}}' } }));

  it("refuses what the store's catalogue refuses, and stores what it sanitises", async () => {
    const account1 = scenario(account).given();
    await account1
      .when("move", { id: "1", amounts: [-1] })
      .then({ type: "VALIDATION_ERROR", message: /events.0.payload.amount/ });
    const broker = await memoryBroker({ name: "fees", actions: { today: () => 3 } });
    await scenario(account, { broker })
      .given()
      .when("note", { id: "1", text: " a " })
      .then({ type: "account.noted", payload: { text: "a", fee: 3 } });
    await broker.stop();
  });

  it("is refused where what decide calls is not there", () =>
    scenario(account).given().when("note", { id: "1", text: "a" }).then({ type: "SERVICE_NOT_FOUND" }));

  it("refuses what another entity has claimed, and lets an entity repeat its own claim", async () => {
    const command = ["open", { id: "1", iban: "NZ1" }] as const;
    await scenario(account)
      .given({ ...opened("nz1"), stream: "account-2" })
      .when(...command)
      .then({ type: "DUPLICATE_CLAIM", code: 409, data: { claim: "iban", value: "NZ1", stream: "account-1" } });
    await scenario(account)
      .given({ ...opened("nz2"), stream: "account-2" })
      .when(...command)
      .then(opened("NZ1"));
  });

  it("fails where decide changes the state that it is given", () =>
    scenario(account).given().when("careless", { id: "1" }).then({ type: "FROZEN_STATE" }));

  it("gives events their version and time", () =>
    scenario(account)
      .given({ type: "account.noted", payload: { text: "a" }, time: "2026-01-02T03:04:05.678Z" })
      .when("move", { id: "1", amounts: [1] })
      .thenState({ isOpen: false, balance: 1, notes: ["2026-01-02T03:04:05.678Z: a"] }));

  it("refuses a command that the decider has not", () => {
    const history = scenario(account).given();
    expect(() => history.when("opne" as "open", { id: "1", iban: "NZ1" })).toThrow(
      'scenario(account).when: found "opne", expected one of the commands open, move, withdraw, note, careless, hooked',
    );
  });

  it("refuses a given event that the store would not take", () => {
    const history = scenario(account).given(moved(1), moved(-5));
    expect(() => history.when("withdraw", { id: "1", amount: 1 })).toThrow(
      "events.1.payload.amount: found -5, expected a number above 0",
    );
  });
});

describe("An expectation of a command that fails", () => {
  const withdraw = (amount: number) => scenario(account).given(moved(5)).when("withdraw", { id: "1", amount });

  it("shows the difference between the events, and the line of the test", async () => {
    const { message, stack } = await failure(withdraw(4).then(moved(3), opened("NZ1")));
    expect(message).toBe(
      [
        "account.withdraw decides other events than expected",
        "+ found - expected",
        "",
        "  [",
        "    {",
        "      payload: {",
        "+       amount: 4",
        "-       amount: 3",
        "      },",
        "      type: 'account.moved'",
        "    },",
        "-   {",
        "-     payload: {",
        "-       iban: 'NZ1'",
        "-     },",
        "-     type: 'account.opened'",
        "-   }",
        "  ]",
        "",
      ].join("\n"),
    );
    expect(stack).toMatch(/\n {4}at .*decider-scenario\.spec\.ts/);
  });

  it("shows the error that refuses the command", async () => {
    const { message, cause } = await failure(withdraw(11).then(moved(11)));
    expect(message).toBe("account.withdraw is refused: InsufficientFunds: 6 are missing (422 INSUFFICIENT_FUNDS)");
    expect(cause).toBeInstanceOf(InsufficientFunds);
  });

  it("shows another error that refuses the command", async () => {
    const { message } = await failure(withdraw(11).then({ type: "ACCOUNT_CLOSED" }));
    expect(message).toBe(
      [
        "account.withdraw is refused for another reason than expected: InsufficientFunds: 6 are missing (422 INSUFFICIENT_FUNDS)",
        "+ found - expected",
        "",
        "  {",
        "+   type: 'INSUFFICIENT_FUNDS'",
        "-   type: 'ACCOUNT_CLOSED'",
        "  }",
        "",
      ].join("\n"),
    );
  });

  it("shows the events of a command that is not refused", async () => {
    const { message } = await failure(withdraw(4).then(InsufficientFunds));
    expect(message).toBe(
      [
        "account.withdraw is not refused",
        "  found:    [ { type: 'account.moved', payload: { amount: 4 } } ]",
        "  expected: InsufficientFunds",
      ].join("\n"),
    );
  });

  it("shows the difference between the states", async () => {
    const { message } = await failure(withdraw(4).thenState({ isOpen: false, balance: 1, notes: [] }));
    expect(message).toMatch(/^account.withdraw has another state than expected\n[^]*\+ +balance: 9,\n- +balance: 1/);
  });

  it("is noticed: a state that is expected of a command that is refused", async () => {
    const { message } = await failure(withdraw(11).thenState({ isOpen: false, balance: 1, notes: [] }));
    expect(message).toMatch(/is refused: InsufficientFunds/);
  });

  it("is noticed: a field of meta", async () => {
    await failure(withdraw(4).then({ ...moved(4), meta: { by: "ann" } }));
  });

  it("is noticed: an event where nothing is expected", async () => {
    await failure(withdraw(4).then());
  });

  it("is noticed where there is none at all", async () => {
    const forgotten = withdraw(4) as unknown as Promise<void>;
    expect((await failure((async () => forgotten)())).message).toMatch(/without an expectation/);
  });
});
