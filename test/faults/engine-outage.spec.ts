import { randomUUID } from "node:crypto";
import { cleanUp, eventually, newFolder, refusal } from "../support/broker.ts";
import { describeWith, type EngineServer } from "../support/engines.ts";
import { expectCaughtUp, FollowedStore, upTo } from "./followed-store.ts";
import { spoken } from "../../mixins/service/between-nodes.ts";

afterEach(cleanUp);

const outage = { type: "STORE_UNAVAILABLE", code: 503, retryable: true };

interface Case {
  engine: "nats-server" | "mongodb" | "postgres";
  /** Null: the table is next to the log. */
  adapters: (server: EngineServer) => [log: string, table: string | null];
  cause: RegExp;
  /** Queries of the table that fail while the server is down. */
  refusedQueries: string[];
}

const indexed = ({ url }: EngineServer): [string, string] => [
  `${url}?folder=${newFolder()}`,
  `sqlite:${newFolder()}/rows.db`,
];

const cases: Case[] = [
  {
    engine: "nats-server",
    adapters: indexed,
    cause: /nats:\/\/127.0.0.1:\d+\/s\w+: no server responds/,
    refusedQueries: [],
  },
  {
    engine: "mongodb",
    adapters: indexed,
    cause: /mongodb:\/\/127.0.0.1:\d+\/\w+\/s\w+: the server does not respond/,
    refusedQueries: [],
  },
  {
    engine: "postgres",
    adapters: ({ url }) => [`${url}?timeoutMs=2000`, null],
    cause: /postgres:\/\/127.0.0.1:\d+\/postgres schema "s\w+": the server/,
    refusedQueries: ["find", "count", "list"],
  },
];

for (const { engine, adapters, cause, refusedQueries } of cases)
  describeWith(engine, `A store in ${engine}`, (server) => {
    const newNode = () => new FollowedStore(...adapters(server()));

    it("lets its node start where the server is gone, refuses with the cause, and goes on by itself when it is there", async () => {
      const node = newNode();
      await server().kill();
      await node.broker.start();
      expect(node.lines.of("warn", /cannot be opened: .*; attempt \d+ failed/).length).toBeGreaterThan(2);
      const errors = node.lines.of("error", new RegExp(`^${node.name} is not open: ${cause.source}`));
      expect(errors).toHaveLength(1);
      expect(await node.broker.call("other.ping")).toBe("pong");
      const calls: [action: string, params?: object][] = [
        ["find"],
        ["count"],
        ["get", { id: randomUUID() }],
        ["read"],
        ["streams"],
        ["verify"],
        ["pausePump"],
        ["resumePump"],
        ["link", { stream: "all", ids: [randomUUID()] }],
        ["trace", { correlationId: "x" }],
        ["export", { to: `${newFolder()}/export.jsonl` }],
      ];
      for (const call of [
        () => node.append(),
        () => node.broker.call(`$${node.name}.positionAt`, { time: new Date().toISOString() }, spoken),
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
      expect(status).toMatchObject({ state: "starting", head: null, pump: { lag: null } });
      expect(status.cause).toMatch(cause);
      for (const name of ["Rows", "Watch", "Process"] as const)
        await eventually(async () => {
          const waiting = await node.consumer<{ cause: string }>(name);
          expect(waiting).toMatchObject({ state: "waiting", head: null });
          expect(waiting.cause).toMatch(cause);
        });
      for (const action of refusedQueries)
        expect(await refusal(() => node.broker.call(`${node.name}Rows.${action}`))).toMatchObject(outage);

      await server().start();
      await eventually(() => node.append());
      await expectCaughtUp(node);
      expect(node.lines.of("info", /is open after \d+ attempts/).length).toBeGreaterThan(0);
      await node.broker.stop();
      await node.broker.start();
      await node.append();
      await expectCaughtUp(node);
    });

    it("is no hindrance to its node's stop while it is being tried for, nor to the next start", async () => {
      const node = newNode();
      await server().kill();
      await node.broker.start();
      await node.broker.stop();
      await server().start();
      await node.broker.start();
      await node.append();
      await expectCaughtUp(node);
      expect(node.lines.of("error", new RegExp(`^${node.name} is not open: `))).toHaveLength(1);
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
          // Sent again with the same id, like a caller without a response.
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
      await eventually(async () => expect((await node.call<{ cause: string | null }>("status")).cause).toMatch(cause));
      const before = acknowledged.size;
      await server().start();
      await eventually(() => expect(acknowledged.size).toBeGreaterThan(before + 4));
      state.isOver = true;
      await Promise.all(appenders);
      expect([...strange]).toEqual([]);
      const stored = new Map((await node.everything()).map(({ id, position }) => [id, position]));
      expect(stored).toEqual(acknowledged);
      await expectCaughtUp(node);
    });

    it("refuses while the server is frozen, and goes on when it is not any more", async () => {
      const node = newNode();
      await node.broker.start();
      await node.append();
      await expectCaughtUp(node);
      server().freeze();
      const id = randomUUID();
      try {
        expect(await refusal(() => node.append("thing-1", id))).toMatchObject(outage);
        expect(await refusal(() => node.call("count"))).toMatchObject(outage);
      } finally {
        server().thaw();
      }
      await eventually(() => node.append("thing-1", id));
      await expectCaughtUp(node);
      expect((await node.everything()).filter((event) => event.id === id)).toHaveLength(1);
    });
  });
