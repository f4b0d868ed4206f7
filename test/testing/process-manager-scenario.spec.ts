import { Errors } from "moleculer";
import { EventStore, ProcessManager } from "moleculer-event-sourcing";
import { memoryBroker, scenario, type ExpectedError } from "moleculer-event-sourcing/testing";
import { refusal } from "../support/broker.ts";
import { failure } from "./failure.ts";

const events = EventStore("bank", {
  events: {
    "transfer.requested": { payload: { id: "string", from: "string", to: "string", amount: "number|positive" } },
    "transfer.approved": { payload: { id: "string" } },
    "transfer.noted": { payload: { id: "string" } },
  },
});

const minute = 60_000;

const transfers = ProcessManager("transfers", {
  eventStore: events,
  correlate: ({ payload: { id } }) => {
    if (id === "odd") throw new TypeError("an odd transfer");
    return id === "none" ? null : id;
  },
  initialState: () => ({ from: "", amount: 0, steps: 0 }),
  on: {
    async "transfer.requested"({ payload: { from, amount } }, { call, schedule, state }) {
      const answer = await call<{ fee: number } | undefined>("account.withdraw", { id: from, amount });
      schedule("late", 5 * minute, { from });
      schedule("reminder", minute);
      return { ...state, from, amount: amount + (answer?.fee ?? 0), steps: state.steps + 1 };
    },
    async "transfer.approved"(_, { call, cancel, end, state }) {
      cancel("late");
      if (state.steps > 0) end();
      else await call("audit.strange");
    },
  },
  deadlines: {
    late: async ({ data }, { call, end, state }) => {
      await call("account.deposit", { id: (data as { from: string }).from, amount: state.amount });
      end();
    },
    reminder: async (_, { call, state }) => {
      await call("mail.remind");
      return { ...state, steps: state.steps + 1 };
    },
  },
  compensate: async (_, error, { call }) => {
    if (error.type === "FROZEN") throw error;
    await call("transfer.fail", { because: error.message });
  },
});

const requested = (id: string) =>
  ({ type: "transfer.requested", payload: { id, from: "a", to: "b", amount: 5 } }) as const;
const approved = (id: string) => ({ type: "transfer.approved", payload: { id } }) as const;
const withdraw = { action: "account.withdraw", params: { id: "a", amount: 5 } };
const frozen = new Errors.MoleculerClientError("a is frozen", 422, "FROZEN", { id: "a" });

describe("A scenario of a process manager", () => {
  it("sends commands", () => scenario(transfers).given(requested("1"), requested("2")).thenSends(withdraw, withdraw));

  it("sends nothing for events that it does not handle, or that concern no process", () =>
    scenario(transfers)
      .given({ type: "transfer.noted", payload: { id: "1" } }, requested("none"))
      .thenSends());

  it("looks at the process of the last event that it handles", () =>
    scenario(transfers)
      .given(requested("1"), { type: "transfer.noted", payload: { id: "2" } })
      .thenState({ from: "a", amount: 5, steps: 1 }));

  it("is parked where a handler changes its event, as others see the same", () => {
    const careless = ProcessManager("careless", {
      eventStore: EventStore("untyped"),
      correlate: ({ stream }) => stream,
      on: { "thing.happened": ({ payload }) => void (payload["seen"] = true) },
    });
    return scenario(careless).given({ type: "thing.happened" }).thenParks({ message: /seen/ });
  });

  it("looks at the commands of what happens then alone", () =>
    scenario(transfers).given(requested("1")).when(approved("2")).thenSends({ action: "audit.strange" }));

  it("looks at as much of a command's meta as is said", async () => {
    const transfer = scenario(transfers).given({ ...requested("1"), id: "0196a5a0-0000-7000-8000-000000000001" });
    await transfer.thenSends({ ...withdraw, meta: {} });
    const { message } = await failure(transfer.thenSends({ ...withdraw, meta: { $causationDepth: 7 } }));
    expect(message).toMatch(/\+ +'\$causationDepth': 1\n- +'\$causationDepth': 7/);
  });

  it("schedules deadlines, in the order in which they are due", async () => {
    const transfer = scenario(transfers).given({ ...requested("1"), time: "2026-01-01T00:00:00.000Z" });
    await transfer.thenSchedules(
      { name: "reminder", when: minute },
      { name: "late", when: "2026-01-01T00:05:00Z", data: { from: "a" } },
    );
    await transfer.thenSchedules({ name: "reminder", when: new Date("2026-01-01T00:01:00Z") }, { name: "late" });
  });

  it("has a state, made of what its commands are answered", () =>
    scenario(transfers)
      .answering({ "account.withdraw": { fee: 1 } })
      .given(requested("1"))
      .thenState({ from: "a", amount: 6, steps: 1 }));

  it("asks a function for an answer, with the params", () =>
    scenario(transfers)
      .answering({ "account.withdraw": async ({ amount }: { amount: number }) => ({ fee: amount * 2 }) })
      .given(requested("1"))
      .thenState({ from: "a", amount: 15, steps: 1 }));

  it("ends", () => scenario(transfers).given(requested("1")).when(approved("1")).thenEnds());

  it("handles nothing of a process that has ended", () =>
    scenario(transfers).given(requested("1"), approved("1")).when(requested("1")).thenSends());

  it("fires a deadline, and those that are due before it", async () => {
    const late = scenario(transfers).given(requested("1")).whenDue("late");
    await late.thenSends({ action: "mail.remind" }, { action: "account.deposit", params: { id: "a", amount: 5 } });
    await late.thenEnds();
  });

  it("fires the deadlines that are due before a later event", () =>
    scenario(transfers)
      .given({ ...requested("1"), time: "2026-01-01T00:00:00.000Z" })
      .when({ type: "transfer.approved", payload: { id: "1" }, time: "2026-01-01T00:02:00.000Z" })
      .thenSends({ action: "mail.remind" }));

  it("makes up for a refusal that its handler does not answer", async () => {
    const refused = scenario(transfers)
      .answering({ "account.withdraw": new RangeError("too much") })
      .given(requested("1"));
    await refused.thenSends(withdraw, { action: "transfer.fail", params: { because: "too much" } });
    await refused.thenState({ from: "", amount: 0, steps: 0 });
  });

  it.each<[string, ExpectedError]>([
    ["the name of its class", Errors.MoleculerClientError],
    ["its message", /frozen/],
    ["its fields", { type: "FROZEN", code: 422 }],
  ])("is parked, which is expected by %s", (_, expected) =>
    scenario(transfers).answering({ "account.withdraw": frozen }).given(requested("1")).thenParks(expected),
  );

  it("is parked where an event cannot be correlated", () =>
    scenario(transfers)
      .given(requested("odd"))
      .thenParks(/an odd transfer/));

  it("sends its commands over the broker, but for those that it knows the answers of", async () => {
    const broker = await memoryBroker({ name: "account", actions: { withdraw: () => ({ fee: 3 }) } });
    await scenario(transfers, { broker }).given(requested("1")).thenState({ from: "a", amount: 8, steps: 1 });
    await scenario(transfers, { broker })
      .answering({ "account.withdraw": undefined })
      .given(requested("1"))
      .thenState({ from: "a", amount: 5, steps: 1 });
    await broker.stop();
  });

  it("fails with an outage, of which no process is at fault", async () => {
    const broker = await memoryBroker();
    const error = await refusal(() => scenario(transfers, { broker }).given(requested("1")).thenSends(withdraw));
    expect(error).toMatchObject({ type: "SERVICE_NOT_FOUND" });
    await broker.stop();
  });

  it("refuses an event that the store would not take", () => {
    const wrong = { type: "transfer.approved", payload: { id: 5 as unknown as string } } as const;
    expect(() => scenario(transfers).given(requested("1"), wrong)).toThrow("events.1.payload.id: found 5");
    expect(() => scenario(transfers).given(requested("1")).when(wrong)).toThrow("events.1.payload.id: found 5");
  });
});

describe("An expectation of a process that fails", () => {
  it("shows the difference between the commands, and the line of the test", async () => {
    const { message, stack } = await failure(
      scenario(transfers)
        .given(requested("1"))
        .thenSends({ action: "account.withdraw", params: { id: "a", amount: 6 } }),
    );
    expect(message).toBe(
      [
        "transfers sends other commands than expected",
        "+ found - expected",
        "",
        "  [",
        "    {",
        "      action: 'account.withdraw',",
        "      params: {",
        "+       amount: 5,",
        "-       amount: 6,",
        "        id: 'a'",
        "      }",
        "    }",
        "  ]",
        "",
      ].join("\n"),
    );
    expect(stack).toMatch(/\n {4}at .*process-manager-scenario\.spec\.ts/);
  });

  it("shows the difference between the deadlines", async () => {
    const { message } = await failure(
      scenario(transfers)
        .given(requested("1"))
        .thenSchedules({ name: "reminder" }, { name: "late", when: 6 * minute }),
    );
    expect(message).toMatch(
      /^transfers has other deadlines than expected\n[^]*\+ +when: '2000-01-01T00:05:00.000Z'\n- +when: '2000-01-01T00:06:00.000Z'/,
    );
  });

  it("shows the difference between the states", async () => {
    const { message } = await failure(
      scenario(transfers).given(requested("1")).thenState({ from: "a", amount: 6, steps: 1 }),
    );
    expect(message).toMatch(/^transfers has another state than expected\n[^]*\+ +amount: 5,\n- +amount: 6,/);
  });

  it("says that a process does not end, and what it is at", async () => {
    const { message } = await failure(scenario(transfers).given(requested("1")).thenEnds());
    expect(message).toBe(
      [
        "transfers does not end",
        "  found:    { state: { from: 'a', amount: 5, steps: 1 } }",
        "  expected: 'the end of the process'",
      ].join("\n"),
    );
  });

  it("shows the error that parks a process", async () => {
    const { message } = await failure(
      scenario(transfers).answering({ "account.withdraw": frozen }).given(requested("1")).thenSends(withdraw),
    );
    expect(message).toBe("transfers is parked: MoleculerClientError: a is frozen (422 FROZEN)");
  });

  it("shows another error that parks a process", async () => {
    const parked = scenario(transfers).answering({ "account.withdraw": frozen }).given(requested("1"));
    const { message } = await failure(parked.thenParks(RangeError));
    expect(message).toMatch(/^transfers is parked for another reason than expected: MoleculerClientError: a is frozen/);
  });

  it("says that a process is not parked", async () => {
    const { message } = await failure(
      scenario(transfers)
        .given(requested("1"))
        .thenParks(/frozen/),
    );
    expect(message).toMatch(/^transfers is not parked\n/);
  });

  it("is noticed where there is none at all", async () => {
    const forgotten = scenario(transfers).given(requested("1")) as unknown as Promise<void>;
    expect((await failure((async () => forgotten)())).message).toMatch(/without an expectation/);
    expect((await failure(forgotten.then(() => {}))).message).toMatch(/expected: 'thenSends/);
  });

  it("says which deadlines there are in place of one that is to come", async () => {
    const { message } = await failure(
      scenario(transfers).given(requested("1")).whenDue("late").whenDue("late").thenEnds(),
    );
    expect(message).toBe("transfers has no such deadline to come\n  found:    []\n  expected: 'late'");
  });
});
