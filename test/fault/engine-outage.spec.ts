import { randomUUID } from "node:crypto";
import { Aggregate, EventStore, ProcessManager, Subscription, type RecordedEvent } from "moleculer-event-sourcing";
import type { Context, ServiceBroker, ServiceSchema } from "moleculer";
import { caughtUp, cleanUp, eventually, newBroker, newFolder, refusal } from "../support/broker.ts";
import { describeWith, type EngineServer } from "../support/engines.ts";
import { LogLines } from "../mixins/log-lines.ts";

afterEach(cleanUp);

const outage = { type: "STORE_UNAVAILABLE", code: 503, retryable: true };
const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);
/** Longer than any engine takes to say that it has no answer: who gets none by then gets a time-out, which is no outage of ours. */
const timeout = 30_000;

/** A store on the engine, and all that follows it: a listener, a table, a subscription and a process manager. */
class Node {
  readonly store = `s${randomUUID().slice(0, 8)}`;
  readonly heard = new Set<number>();
  readonly handled = new Set<number>();
  readonly commanded = new Set<number>();
  readonly lines = new LogLines({});
  readonly broker: ServiceBroker;

  constructor(adapter: string, table: string | null) {
    const { store } = this;
    const events = EventStore(store, { adapter });
    const rows = Aggregate(`${store}Rows`, {
      eventStore: events,
      ...(table !== null && { adapter: table }),
      fields: { position: "integer" },
    })
      .on("thing.happened")
      .create(({ position }) => ({ position }));
    const watch = Subscription(`${store}Watch`, {
      eventStore: events,
      on: { "thing.happened": ({ position }) => void this.handled.add(position) },
    });
    const process = ProcessManager(`${store}Process`, {
      eventStore: events,
      correlate: ({ stream }) => stream,
      initialState: () => ({}),
      on: { "thing.happened": ({ position }, { call }) => call("other.note", { position }) },
    });
    const host: ServiceSchema = {
      name: "host",
      mixins: [events, rows, watch, process].map((one) => one.mixin()),
      events: { "thing.happened": ({ params }: Context<RecordedEvent>) => void this.heard.add(params.position) },
    };
    const other: ServiceSchema = {
      name: "other",
      actions: {
        ping: () => "pong",
        note: ({ params }: Context<{ position: number }>) => void this.commanded.add(params.position),
      },
    };
    this.broker = newBroker({ logger: this.lines });
    for (const service of [host, other]) this.broker.createService(service);
  }

  call<Answer>(action: string, params: object = {}): Promise<Answer> {
    return this.broker.call<Answer, object>(`${this.store}.${action}`, params, { timeout });
  }

  append(stream = "thing-1", id: string = randomUUID()): Promise<{ position: number }> {
    return this.call("append", { stream, events: [{ id, type: "thing.happened", payload: {} }] });
  }

  consumer<Status>(name: "Rows" | "Watch" | "Process"): Promise<Status> {
    return this.broker.call(`${this.store}${name}.status`);
  }

  async everything(): Promise<RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    for (;;) {
      const page = await this.call<RecordedEvent[]>("read", { after: events.length, limit: 1000 });
      if (page.length === 0) return events;
      events.push(...page);
    }
  }

  /** Whoever follows the store has every event, and nobody says that something is wrong. */
  async expectCaughtUp(): Promise<void> {
    await caughtUp(this.broker, `${this.store}Rows`);
    const positions = (await this.everything()).map(({ position }) => position);
    expect(positions).toEqual(upTo(positions.length));
    const rows = await this.broker.call<{ position: number }[], object>(`${this.store}Rows.find`, { sort: "position" });
    expect(rows.map(({ position }) => position)).toEqual(positions);
    await eventually(() => {
      for (const seen of [this.heard, this.handled, this.commanded])
        expect([...seen].toSorted((one, other) => one - other)).toEqual(positions);
    });
    for (const name of ["Rows", "Watch", "Process"] as const)
      await eventually(async () => expect(await this.consumer(name)).toMatchObject({ state: "live", cause: null }));
    await eventually(async () => expect(await this.call("status")).not.toHaveProperty("cause"));
  }
}

interface Case {
  engine: "nats-server" | "mongodb" | "postgres";
  /** Without a place for the table it stands beside the log. */
  adapters: (server: EngineServer) => [log: string, table: string | null];
  cause: RegExp;
}

const indexed = ({ url }: EngineServer): [string, string] => [
  `${url}?index=${newFolder()}`,
  `sqlite:${newFolder()}/rows.db`,
];

const cases: Case[] = [
  { engine: "nats-server", adapters: indexed, cause: /nats:\/\/127.0.0.1:\d+\/s\w+: no server answers/ },
  { engine: "mongodb", adapters: indexed, cause: /mongodb:\/\/127.0.0.1:\d+\/\w+\/s\w+: no answer of the server/ },
  {
    engine: "postgres",
    adapters: ({ url }) => [`${url}?timeoutMs=2000`, null],
    cause: /postgres:\/\/127.0.0.1:\d+\/postgres schema "s\w+": the server/,
  },
];

for (const { engine, adapters, cause } of cases)
  describeWith(engine, `A store in ${engine}`, (server) => {
    const newNode = () => new Node(...adapters(server()));

    it("lets its node start where the server is gone, refuses with the cause, and goes on by itself when it is there", async () => {
      const node = newNode();
      await server().kill();
      await node.broker.start();
      expect(node.lines.of("warn", /cannot be opened: .*; try \d+ failed/).length).toBeGreaterThan(2);
      const errors = node.lines.of("error", new RegExp(`^${node.store} is not open: ${cause.source}`));
      expect(errors).toHaveLength(1);
      expect(await node.broker.call("other.ping")).toBe("pong");
      const calls: [action: string, params?: object][] = [
        ["find"],
        ["count"],
        ["get", { id: randomUUID() }],
        ["read"],
        ["streams"],
        ["verify"],
        ["pause"],
        ["resume"],
        ["link", { stream: "all", ids: [randomUUID()] }],
        ["trace", { correlationId: "x" }],
        ["positionAt", { time: new Date().toISOString() }],
        ["export", { to: `${newFolder()}/export.jsonl` }],
      ];
      for (const call of [
        () => node.append(),
        ...calls.map(
          ([action, params]) =>
            () =>
              node.call(action, params),
        ),
      ]) {
        const error = await refusal(call);
        expect(error).toMatchObject(outage);
        expect(error.message).toMatch(cause);
      }
      const status = await node.call<{ cause: string }>("status");
      expect(status).toMatchObject({ position: null, pump: { lag: null } });
      expect(status.cause).toMatch(cause);
      for (const name of ["Rows", "Watch", "Process"] as const)
        await eventually(async () => {
          const waiting = await node.consumer<{ cause: string }>(name);
          expect(waiting).toMatchObject({ state: "waiting", head: null });
          expect(waiting.cause).toMatch(cause);
        });
      if (engine === "postgres")
        for (const action of ["find", "count", "list"])
          expect(await refusal(() => node.broker.call(`${node.store}Rows.${action}`))).toMatchObject(outage);

      await server().start();
      await eventually(() => node.append());
      await node.expectCaughtUp();
      expect(node.lines.of("info", /is open now, at try \d+/).length).toBeGreaterThan(0);
      await node.broker.stop();
      await node.broker.start();
      await node.append();
      await node.expectCaughtUp();
    });

    it("is no hindrance to its node's stop while it is being tried for, nor to the next start", async () => {
      const node = newNode();
      await server().kill();
      await node.broker.start();
      await node.broker.stop();
      await server().start();
      await node.broker.start();
      await node.append();
      await node.expectCaughtUp();
      expect(node.lines.of("error", new RegExp(`^${node.store} is not open: `))).toHaveLength(1);
    });

    it("lets a node that is starting be stopped", async () => {
      const node = newNode();
      await server().kill();
      void node.broker.start();
      await eventually(() => expect(node.lines.of("warn", /cannot be opened/)).not.toEqual([]));
      await node.broker.stop();
      expect(node.lines.of("error", / is not open: /)).toEqual([]);
      await server().start();
    });

    it("has each acknowledged event once after the server was gone while four appended, and was followed to the end", async () => {
      const node = newNode();
      await node.broker.start();
      const acknowledged = new Map<string, number>();
      const strange = new Set<unknown>();
      const state = { isOver: false, refused: 0 };
      const appenders = upTo(4).map(async (appender) => {
        while (!state.isOver) {
          const id = randomUUID();
          // Sent again with the same id, as a caller does who heard nothing.
          await eventually(async () => {
            const { position } = await node.append(`thing-${appender}`, id).catch((error: { type?: string }) => {
              state.refused++;
              if (error.type !== outage.type) strange.add(error);
              throw error;
            });
            acknowledged.set(id, position);
          });
        }
      });
      await eventually(() => expect(acknowledged.size).toBeGreaterThan(20));
      await server().kill();
      await eventually(() => expect(state.refused).toBeGreaterThanOrEqual(4));
      await eventually(async () => expect((await node.call<{ cause?: string }>("status")).cause).toMatch(cause));
      const before = acknowledged.size;
      await server().start();
      await eventually(() => expect(acknowledged.size).toBeGreaterThan(before + 4));
      state.isOver = true;
      await Promise.all(appenders);
      expect([...strange]).toEqual([]);
      const stored = new Map((await node.everything()).map(({ id, position }) => [id, position]));
      expect(stored).toEqual(acknowledged);
      await node.expectCaughtUp();
    });

    it("refuses while the server is frozen, and goes on when it is not any more", async () => {
      const node = newNode();
      await node.broker.start();
      await node.append();
      await node.expectCaughtUp();
      server().freeze();
      const id = randomUUID();
      try {
        expect(await refusal(() => node.append("thing-1", id))).toMatchObject(outage);
        expect(await refusal(() => node.call("count"))).toMatchObject(outage);
      } finally {
        server().thaw();
      }
      await eventually(() => node.append("thing-1", id));
      await node.expectCaughtUp();
      expect((await node.everything()).filter((event) => event.id === id)).toHaveLength(1);
    });
  });
