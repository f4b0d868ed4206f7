// Compiled by `npm run typecheck`, never run: what a process manager's handlers get and answer is typed by its definition.
import { EventStore, ProcessManager } from "moleculer-event-sourcing";
import { expectType, type Equals } from "./expect-type.ts";

type Events = {
  "account.opened": { id: string; iban: string };
  "account.closed": { id: string; reason: string };
};

const bank = EventStore<Events>("bank");
const untyped = EventStore("untyped");
const nothing = (..._values: unknown[]): void => {};

ProcessManager("narrowed", {
  eventStore: bank,
  correlate: (event) => (event.type === "account.opened" ? event.payload.iban : event.payload.id),
  initialState: () => ({ opened: false, names: [] as string[] }),
  on: {
    async "account.opened"(event, { id, state, call, schedule, cancel, end, ctx }) {
      const iban: string = event.payload.iban;
      expectType<Equals<typeof state, Readonly<{ opened: boolean; names: string[] }>>>(true);
      // @ts-expect-error -- a field of another type's payload
      nothing(event.payload.reason);
      // @ts-expect-error -- the state is changed by answering another
      state.opened = true;
      schedule("closing", 5000, { iban });
      schedule("reminder", new Date());
      schedule("reminder", "2030-01-01");
      schedule("reminder", { days: 1, hours: 12 });
      // @ts-expect-error -- an unknown unit
      schedule("reminder", { day: 1 });
      // @ts-expect-error -- a deadline without a handler
      schedule("closign", 5000);
      // @ts-expect-error -- neither a time nor milliseconds
      schedule("closing", true);
      cancel("closing");
      // @ts-expect-error -- a deadline without a handler
      cancel("other");
      const answer = await call<{ version: number }>("mail.send", { id }, { timeout: 500, meta: { user: "ann" } });
      nothing(answer.version satisfies number, ctx.meta);
      end();
      return { ...state, opened: true };
    },
    "account.closed": ({ payload }) => nothing(payload.reason satisfies string),
    "account.*": (event) => {
      if (event.type === "account.closed") nothing(event.payload.reason satisfies string);
    },
  },
  deadlines: {
    closing: (deadline, { state, schedule }) => {
      expectType<Equals<typeof deadline.name, "closing">>(true);
      nothing(deadline.when satisfies string, deadline.id satisfies string);
      schedule("reminder", 1);
      return { opened: false, names: state.names };
    },
    reminder: () => {},
  },
  compensate: (cause, error, { state }) => {
    if ("type" in cause && cause.type === "account.opened") nothing(cause.payload.iban satisfies string);
    if ("when" in cause) nothing(cause.data);
    nothing(error.type satisfies string | undefined, state.opened satisfies boolean);
  },
});

ProcessManager("wrong state", {
  eventStore: bank,
  correlate: ({ payload }) => payload.id,
  initialState: () => ({ opened: false }),
  // @ts-expect-error -- another state than it begins with
  on: { "account.opened": () => ({ opened: "yes" }) },
});

ProcessManager("stateless", {
  eventStore: bank,
  correlate: ({ payload }) => payload.id,
  // Without a state, what a handler answers is of no interest.
  on: { "account.opened": (event, { call }) => call("mail.send", event.payload) },
});

ProcessManager("unknown type", {
  eventStore: bank,
  correlate: ({ payload }) => payload.id,
  // @ts-expect-error -- a type that the store does not have
  on: { "account.opend": () => {} },
});

ProcessManager("action", {
  eventStore: bank,
  correlate: ({ payload }) => payload.id,
  // @ts-expect-error -- functions only
  on: { "account.opened": "mail.send" },
});

ProcessManager("by entity", { eventStore: bank, on: { "account.opened": () => {} } });

ProcessManager("odd correlation", {
  eventStore: bank,
  // @ts-expect-error -- neither text nor a number
  correlate: () => ({}),
  on: { "account.opened": () => {} },
});

ProcessManager("untyped", {
  eventStore: untyped,
  correlate: ({ payload }) => payload["id"] as string,
  on: {
    "thing.*": ({ payload, position }) => nothing(payload["anything"], position satisfies number),
    // @ts-expect-error -- a field of unknown type
    "thing.gone": ({ payload }) => void (payload["name"] satisfies string),
  },
});

ProcessManager("answers what a command does", {
  eventStore: bank,
  correlate: ({ payload }) => payload.id,
  initialState: () => ({ opened: 0 }),
  // @ts-expect-error -- the command's answer would be the state
  on: { "account.opened": (_, { call }) => call("mail.send") },
});
