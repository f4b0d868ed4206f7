// Compiled by `npm run typecheck`, never run: what a subscription's handlers get is typed by their key.
import { EventStore, Subscription } from "moleculer-event-sourcing";

type Events = {
  "account.opened": { iban: string };
  "account.closed": { reason: string };
};

const bank = EventStore<Events>("bank");
const untyped = EventStore("untyped");
const nothing = (..._values: unknown[]): void => {};

Subscription("narrowed", {
  eventStore: bank,
  on: {
    "account.opened": (event, { call, ctx }) => {
      const iban: string = event.payload.iban;
      const type: "account.opened" = event.type;
      // @ts-expect-error -- a field of another type's payload
      nothing(event.payload.reason);
      // @ts-expect-error -- events are read-only
      event.position = 5;
      nothing(iban, type, ctx.meta);
      return call("mail.send", { iban });
    },
    "account.closed": "mail.sayGoodbye",
    "account.*": (event) => {
      if (event.type === "account.closed") nothing(event.payload.reason satisfies string);
      // @ts-expect-error -- only one of the two types has it
      nothing(event.payload.iban);
    },
  },
});

// @ts-expect-error -- a type that the store does not have
Subscription("unknown", { eventStore: bank, on: { "account.opend": () => {} } });

// @ts-expect-error -- neither an action's name nor a function
Subscription("number", { eventStore: bank, on: { "account.opened": 5 } });

// @ts-expect-error -- where else it might begin
Subscription("elsewhere", { eventStore: bank, startFrom: "yesterday", on: { "account.opened": "mail.send" } });

// @ts-expect-error -- no handlers
Subscription("idle", { eventStore: bank });

Subscription("untyped", {
  eventStore: untyped,
  on: {
    "thing.happened": ({ payload, meta }) => nothing(payload["anything"], meta.correlationId satisfies string),
    "thing.*": ({ position }) => position satisfies number,
    // @ts-expect-error -- a field of unknown type
    "thing.gone": ({ payload }) => payload["name"] satisfies string,
  },
});
