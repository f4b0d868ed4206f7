// Compiled by `npm run typecheck`, never run: a `date` in params is a Date for the handler, and a string in a payload.
import { Decider, EventStore, type CallsOf, type EventsOf } from "moleculer-event-sourcing";
import { expectType, type Equals } from "./expect-type.ts";

const eventStore = EventStore("meetings", { events: { "meeting.held": { payload: { at: "date" } } } });
expectType<Equals<EventsOf<typeof eventStore>["meeting.held"], { at: string }>>(true);

const meeting = Decider("meeting", {
  eventStore,
  initialState: () => ({}),
  commands: {
    hold: {
      params: { at: "date" },
      decide: (_state, { at }) => ({ type: "meeting.held", payload: { at: at.toISOString() } }),
    },
    convert: {
      params: { at: "date|convert", until: "date?", other: { type: "date", convert: true, optional: true } },
      decide(_state, dates) {
        expectType<Equals<typeof dates, { id: string; at: Date; until?: Date | null; other?: Date | null }>>(true);
        return null;
      },
    },
    nest: {
      params: {
        list: { type: "array", items: "date|convert" },
        all: "date[]",
        period: { $$type: "object", from: "date|convert:true" },
        either: ["date", "number"],
        byName: { type: "record", key: "string", value: { type: "date" } },
        pair: { type: "tuple", items: ["date", "string"] },
      },
      decide(_state, dates) {
        type Dates = {
          id: string;
          list: Date[];
          all: Date[];
          period: { from: Date };
          either: Date | number;
          byName: Record<string, Date>;
          pair: [Date, string];
        };
        expectType<Equals<typeof dates, Dates>>(true);
        return null;
      },
    },
    wrong: {
      params: { at: "date" },
      // @ts-expect-error -- a Date in a payload of strings
      decide: (_state, { at }) => ({ type: "meeting.held", payload: { at } }),
    },
  },
  evolve: {},
});

const move = eventStore.mapAction("meeting.held", {
  params: { id: "string", at: "date|convert" },
  payload: ({ at }) => ({ at: at.toISOString() }),
});

export async function calls(
  broker: CallsOf<{ meeting: typeof meeting; meetings: { actions: { move: typeof move } } }>,
) {
  await broker.call("meeting.hold", { id: "1", at: new Date() });
  // @ts-expect-error -- the rule converts nothing
  await broker.call("meeting.hold", { id: "1", at: "2026-01-01" });
  await broker.call("meeting.convert", { id: "1", at: "2026-01-01", other: 0 });
  await broker.call("meeting.convert", { id: "1", at: new Date() });
  await broker.call("meetings.move", { id: "1", at: "2026-01-01" });
}
