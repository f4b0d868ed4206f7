// Compiled by `npm run typecheck`, never run: what a scenario is given, and what it expects, is typed by its subject.
// oxlint-disable typescript/await-thenable -- that is what the last two are about
import { Aggregate, Decider, EventStore, ProcessManager } from "moleculer-event-sourcing";
import { scenario } from "moleculer-event-sourcing/testing";

type Events = {
  "account.opened": { iban: string };
  "account.closed": { reason?: string };
};

const bank = EventStore<Events>("bank");

const account = Decider("account", {
  eventStore: bank,
  initialState: () => ({ isOpen: false }),
  commands: {
    open: { params: { iban: "string" }, decide: (_, { iban }) => ({ type: "account.opened", payload: { iban } }) },
    close: { decide: () => ({ type: "account.closed" }) },
  },
  evolve: { "account.opened": () => ({ isOpen: true }), "account.closed": () => ({ isOpen: false }) },
});

const opened = { type: "account.opened", payload: { iban: "1" } } as const;
const history = scenario(account).given(opened, { type: "account.closed" });

void history.when("open", { id: "1", iban: "1" }).then(opened, { ...opened, meta: { by: "ann" } });
void history.when("open", { id: "1", iban: "1" }, { meta: { user: "ann" }, locals: {} }).then();
void history.when("close", { id: "1", anything: 5 }).then(TypeError);
void history.when("close", { id: "1" }).then({ type: "CLOSED", message: /closed/, code: 409, data: {} });
void history.when("close", { id: "1" }).thenState({ isOpen: false });

// @ts-expect-error -- a type that the store does not have
scenario(account).given({ type: "account.lost", payload: {} });
// @ts-expect-error -- another payload
scenario(account).given({ type: "account.opened", payload: { iban: 5 } });
// As an older writer stored it.
scenario(account).given({ type: "account.opened", payload: { iban: 5 }, meta: { schemaVersion: 1 } });
// @ts-expect-error -- a command that the decider does not have
history.when("opne", { id: "1", iban: "1" });
// @ts-expect-error -- a param that is missing
history.when("open", { id: "1" });
// @ts-expect-error -- another payload
void history.when("close", { id: "1" }).then({ type: "account.opened", payload: { iban: 5 } });
// @ts-expect-error -- two errors
void history.when("close", { id: "1" }).then(TypeError, RangeError);
// @ts-expect-error -- another state
void history.when("close", { id: "1" }).thenState({ isClosed: true });

const accounts = Aggregate("accounts", { eventStore: bank, fields: { iban: "string", opened: "date" } })
  .on("account.opened")
  .create(({ payload, time }) => ({ iban: payload.iban, opened: time }));

const rows = scenario(accounts).given([{ id: "1", iban: "1" }], [opened]);
void rows.then([{ id: "1", iban: "1", opened: new Date() }, { iban: null }]);
void rows.then(TypeError);

// @ts-expect-error -- a field that the table does not have
scenario(accounts).given([{ id: "1", balance: 5 }], []);
// @ts-expect-error -- a given row has an id
scenario(accounts).given([{ iban: "1" }], []);
// @ts-expect-error -- another payload
scenario(accounts).given([], [{ type: "account.opened", payload: { iban: 5 } }]);
// @ts-expect-error -- a value of another type
void rows.then([{ id: "1", iban: 5 }]);

const closing = ProcessManager("closing", {
  eventStore: bank,
  correlate: ({ stream }) => stream,
  initialState: () => ({ isLate: false }),
  on: { "account.closed": (_, { schedule }) => schedule("late", 1000) },
  deadlines: { late: () => ({ isLate: true }) },
});

const closed = scenario(closing).answering({ "mail.send": true }).given(opened).when({ type: "account.closed" });
void closed.thenSends({ action: "mail.send" }, { action: "mail.send", params: { to: "ann" }, meta: {} });
void closed.thenSchedules({ name: "late", when: 1000 });
void closed.whenDue("late").thenState({ isLate: true });
void closed.thenParks({ type: "CLOSED" });

// @ts-expect-error -- a type that the store does not have
scenario(closing).given({ type: "account.lost", payload: {} });
// @ts-expect-error -- another payload
scenario(closing).when({ type: "account.opened", payload: { iban: 5 } });
// @ts-expect-error -- a deadline that it does not have
closed.whenDue("early");
// @ts-expect-error -- a deadline that it does not have
void closed.thenSchedules({ name: "early" });
// @ts-expect-error -- another state
void closed.thenState({ isEarly: true });

export async function forgotten(): Promise<void> {
  // @ts-expect-error -- it expects nothing
  await rows;
  // @ts-expect-error -- it expects nothing
  await history.when("close", { id: "1" });
  // @ts-expect-error -- it expects nothing
  await closed;
}
