// Compiled by `npm run typecheck`, never run: the types of Standard Schemas, in a catalogue and as params.
import { type } from "arktype";
import Joi from "joi";
import {
  Aggregate,
  Decider,
  EventStore,
  Subscription,
  type CallsOf,
  type EventsOf,
  type PayloadSchema,
} from "moleculer-event-sourcing";
import { ZodParams } from "moleculer-zod-validator";
import * as v from "valibot";
import { z } from "zod";
import { expectType, type Equals } from "./expect-type.ts";

const events = EventStore("orders", {
  events: {
    "order.created": {
      payload: z.object({ total: z.number(), note: z.string().optional(), currency: z.string().default("NZD") }),
      schemaVersion: 2,
      upcasters: { 1: (payload: { sum: number }) => ({ total: payload.sum }) },
    },
    "order.paid": { payload: v.object({ on: v.pipe(v.string(), v.isoDate()), tags: v.array(v.string()) }) },
    "order.sent": { payload: type({ to: "string", "parcels?": "number" }) },
    "order.rated": { payload: z.discriminatedUnion("kind", [z.object({ kind: z.literal("good") })]) },
    "order.noted": { payload: { text: "string" } },
  },
  unknownTypes: "refuse",
});

type Events = EventsOf<typeof events>;
expectType<Equals<Events["order.created"], { total: number; note?: string | undefined; currency: string }>>(true);
expectType<Equals<Events["order.paid"], { on: string; tags: string[] }>>(true);
expectType<Equals<Events["order.sent"], { to: string; parcels?: number }>>(true);
expectType<Equals<Events["order.rated"], { kind: "good" }>>(true);
expectType<Equals<Events["order.noted"], { text: string }>>(true);
void (Joi.object({ text: Joi.string() }) satisfies PayloadSchema);

Aggregate("orders", { eventStore: events, fields: { total: "number", on: "date" } })
  .on("order.created")
  .create(({ id, payload }) => ({ id, total: payload.total }))
  .on("order.paid")
  // @ts-expect-error a field that the schema does not declare
  .update(({ payload }) => ({ on: payload.at }));

Subscription("mails", {
  eventStore: events,
  on: {
    "order.sent": ({ payload }) => {
      expectType<Equals<typeof payload, { to: string; parcels?: number }>>(true);
    },
  },
});

events.mapAction("order.created", {
  payload: (params) => {
    expectType<Equals<typeof params.total, number>>(true);
    expectType<Equals<typeof params.id, string>>(true);
    return { total: params.total, currency: "NZD" };
  },
});
// @ts-expect-error a field of another type
events.mapAction("order.created", { payload: () => ({ total: "many", currency: "NZD" }) });
// @ts-expect-error a field that the schema does not declare
events.mapAction("order.created", { payload: () => ({ total: 1, currency: "NZD", more: 1 }) });

const shape = new ZodParams({ id: z.string(), total: z.number(), note: z.string().optional() }).schema;
const actions = {
  withZod: events.mapAction("order.created", {
    params: z.object({ id: z.string(), euros: z.coerce.number(), from: z.coerce.date().optional() }),
    payload: ({ euros, from }) => ({ total: euros, note: from?.toISOString(), currency: "EUR" }),
  }),
  withZodParams: events.mapAction("order.created", {
    params: shape,
    payload: ({ total, note }) => {
      expectType<Equals<typeof note, string | undefined>>(true);
      return { total, currency: "EUR" };
    },
  }),
  withValibot: events.mapAction("order.created", {
    params: v.object({ id: v.string(), text: v.pipe(v.string(), v.transform(Number)) }),
    payload: ({ text }) => ({ total: text, currency: "EUR" }),
  }),
  withArktype: events.mapAction("order.created", {
    params: type({ id: "string", amount: "number" }),
    payload: ({ amount }) => ({ total: amount, currency: "EUR" }),
    // @ts-expect-error a param that is not declared
    meta: ({ amuont }) => ({ amuont }),
  }),
};

const order = Decider("order", {
  eventStore: events,
  initialState: () => ({ total: 0 }),
  commands: {
    create: {
      params: z.object({ total: z.number(), at: z.coerce.date(), currency: z.string().default("NZD") }),
      decide(_state, command) {
        type Created = { id: string; total: number; at: Date; currency: string };
        expectType<Equals<typeof command, Created>>(true);
        const { total, currency } = command;
        return { type: "order.created", payload: { total, currency } };
      },
    },
    pay: {
      params: v.object({ id: v.string(), on: v.date() }),
      decide: (_state, { on }) => ({ type: "order.paid", payload: { on: on.toISOString(), tags: [] } }),
    },
    send: {
      params: type({ to: "string" }),
      decide: (_state, { id, to }) => ({ type: "order.sent", payload: { to: `${to} ${id}` } }),
    },
    shaped: {
      params: shape,
      decide: (_state, { id, total }) => ({ type: "order.created", payload: { total, currency: id } }),
    },
    wrong: {
      params: z.object({ on: z.date() }),
      // @ts-expect-error a Date in a payload of strings
      decide: (_state, { on }) => ({ type: "order.paid", payload: { on, tags: [] } }),
    },
  },
  evolve: {
    "order.created": (state, { payload }) => ({ total: state.total + payload.total }),
    "order.paid": (state) => state,
    "order.sent": (state) => state,
    "order.rated": (state) => state,
    "order.noted": (state) => state,
  },
  claims: { note: { claim: { "order.created": "note", "order.sent": "to" } } },
});

export async function calls(broker: CallsOf<{ order: typeof order; shop: { actions: typeof actions } }>) {
  await broker.call("order.create", { id: "1", total: 5, at: "2026-01-01" });
  await broker.call("order.pay", { id: "1", on: new Date() });
  await broker.call("order.send", { id: 1, to: "Ann" });
  // @ts-expect-error a param of another type
  await broker.call("order.create", { id: "1", total: "5", at: "2026-01-01" });
  // @ts-expect-error a param that is not declared
  await broker.call("order.send", { id: 1, too: "Ann" });
  await broker.call("shop.withZod", { id: "1", euros: "5" });
  await broker.call("shop.withValibot", { id: "1", text: "5" });
  // @ts-expect-error a param of another type
  await broker.call("shop.withValibot", { id: "1", text: 5 });
}
