// Compiled by `npm run typecheck`, never run: commands, mapped actions and `actions` take every option of a Moleculer action.
import { Aggregate, Decider, EventStore, ProcessManager, Subscription } from "moleculer-event-sourcing";

type Events = { "account.opened": { iban: string } };

/** Each option that Moleculer 0.15 and moleculer-web read from an action's definition. */
const options = {
  visibility: "published" as const,
  rest: "POST /",
  timeout: 5000,
  cache: { keys: ["id"], ttl: 5 },
  bulkhead: { enabled: true, concurrency: 3, maxQueueSize: 10 },
  circuitBreaker: { enabled: true, threshold: 0.5 },
  retryPolicy: { enabled: true, retries: 2 },
  fallback: async () => null,
  tracing: { tags: { params: ["id"] } },
  hooks: { before() {}, after: [(_: unknown, answer: unknown) => answer] },
  strategy: "RoundRobin",
  strategyOptions: {},
};

const eventStore = EventStore<Events>("bank", { actions: { append: { timeout: 5000 }, list: options } });

export const open = eventStore.mapAction("account.opened", {
  ...options,
  timeout: 5000,
  params: { id: "string", iban: "string" },
});

Decider("account", {
  eventStore,
  initialState: () => ({}),
  commands: {
    open: {
      ...options,
      timeout: 5000,
      params: { iban: "string" },
      decide: (_state, { iban }) => ({ type: "account.opened", payload: { iban } }),
    },
    close: { timeout: 5000, cache: { keys: ["id"] }, bulkhead: { enabled: true }, decide: () => null },
  },
  evolve: {},
  actions: { history: { timeout: 5000 }, state: options },
});

Aggregate("accounts", { eventStore, fields: { iban: "string" }, actions: { find: { timeout: 5000 }, get: options } });
Subscription("mails", { eventStore, on: {}, actions: { skip: { timeout: 5000 }, retry: options } });
ProcessManager("welcome", { eventStore, on: {}, actions: { skip: { timeout: 5000 }, retry: options } });

Aggregate("accounts", {
  eventStore,
  fields: { iban: "string" },
  service: {
    settings: { rest: "/v1/accounts", currency: "EUR" },
    hooks: { before: { "find|list": ["onlyOwn", (ctx) => void ctx.params] } },
    actions: {
      count: false,
      list: { rest: "GET /all", visibility: "published", cache: { keys: ["#user.id"] } },
      own: {
        rest: "GET /own",
        async handler(ctx) {
          const rows: { [field: string]: unknown }[] = await this._find(ctx, { query: this.ownedBy("Ann") });
          return { rows, currency: this.settings["currency"] };
        },
      },
      total(ctx) {
        return this._count(ctx, {});
      },
    },
    methods: {
      onlyOwn(ctx: { params: { query?: object }; meta: { user: string } }) {
        ctx.params.query = this.ownedBy(ctx.meta.user);
      },
      ownedBy: (user: string) => ({ iban: user }),
      encodeID: (id) => id.toUpperCase(),
    },
    events: { "account.opened": (ctx) => void ctx.params },
    async started() {
      this.logger.info(
        String(this.ownedBy("Ann").iban),
        await this._count(this.broker.ContextFactory.create(this.broker), {}),
      );
    },
  },
});

// @ts-expect-error -- a part that a service does not have
Aggregate("accounts", { eventStore, fields: { iban: "string" }, service: { hook: {} } });

// @ts-expect-error -- a time of another type
EventStore("lock", { actions: { append: { timeout: "5 s" } } });

// @ts-expect-error -- an action that the service does not have
EventStore("lock", { actions: { apend: { timeout: 5000 } } });
// @ts-expect-error -- an action that the service does not have
Aggregate("accounts", { eventStore, fields: { iban: "string" }, actions: { fnd: { timeout: 5000 } } });
// @ts-expect-error -- an action that the service does not have
Subscription("mails", { eventStore, on: {}, actions: { skp: { timeout: 5000 } } });
// @ts-expect-error -- an action that a subscription does not have
Subscription("mails", { eventStore, on: {}, actions: { processes: { timeout: 5000 } } });
// @ts-expect-error -- an action that the service does not have
ProcessManager("welcome", { eventStore, on: {}, actions: { skp: { timeout: 5000 } } });
