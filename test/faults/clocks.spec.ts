import { randomUUID } from "node:crypto";
import type { BookEvent } from "./shared-books.ts";
import { cleanUp, eventually, newFolder, startBroker } from "../support/broker.ts";
import { describeWith } from "../support/engines.ts";
import { killChildren } from "./child.ts";
import { nodeOptions } from "./multinode/node-options.ts";
import { SharedNode } from "./shared-node.ts";

const fiveMinutesMs = 300_000;
const waits = /^waits for the lease of node ahead, unchanged for (?<seconds>[\d.]+) s of 3 s$/;
const services = ["entries", "watch", "counter"];

interface Status {
  state: string;
  cause: string | null;
}

describeWith("nats-server", "A holder whose clock is five minutes ahead", (nats) =>
  describeWith("postgres", "with PostgreSQL", (postgres) => {
    afterEach(async () => {
      killChildren();
      await cleanUp();
    });

    const logs: Record<string, () => string> = {
      nats: () => `${nats().url}?folder=${newFolder()}`,
      postgres: () => `${postgres().url}?schema=log`,
    };

    it.each(["nats", "postgres"])("is taken over from within its lease when it is killed: log in %s", async (log) => {
      const [transporter, namespace] = [nats().url, randomUUID()];
      const looker = await startBroker([], {
        ...nodeOptions(transporter, namespace, "looker-on"),
        heartbeatInterval: 1,
        heartbeatTimeout: 3,
      });
      const newNode = (nodeID: string, aheadMs = 0) =>
        new SharedNode(
          nodeID,
          { transporter, namespace, log: logs[log]!(), table: `${postgres().url}?schema=table_${log}` },
          aheadMs,
        );
      const ask = <Answer>(nodeID: string, action: string, params: object = {}) =>
        looker.call<Answer, object>(action, params, { nodeID, timeout: 2000 });
      const append = (nodeID: string) =>
        ask("next", "events.append", {
          stream: "book-a",
          events: [{ type: "book.moved", payload: { account: nodeID, amount: 1 } }],
        });
      const withState = (nodeID: string, states: RegExp) =>
        eventually(async () => {
          const found = await Promise.all(services.map((service) => ask<Status>(nodeID, `${service}.status`)));
          for (const { state } of found) expect(state).toMatch(states);
          return found;
        });

      const [ahead, next] = [newNode("ahead", fiveMinutesMs), newNode("next")];
      await ahead.start();
      await withState("ahead", /live/);
      await next.start();
      for (const { cause } of await withState("next", /standby/)) expect(cause).toMatch(waits);
      await append("ahead");
      await eventually(() => expect(ahead.messages[0]!.heard).toContain(1));
      const { pump } = await ask<{ pump: { standsByFor: string | null } }>("next", "events.status");
      expect(pump.standsByFor).toMatch(waits);

      await ahead.kill();
      // Includes the delays of a slow machine; by the clocks it would be five minutes.
      await withState("next", /live|folding/);
      await append("next");
      await eventually(() => expect(next.messages[0]!.heard).toContain(2));
      await eventually(() => expect(next.messages[0]!.handled).toContain(2));

      // Times are those of the server's clock, not of the one that is ahead.
      const { events } = await ask<{ events: BookEvent[] }>("next", "events.read", { after: 0, limit: 10 });
      for (const { time } of events) expect(Date.parse(time)).toBeLessThan(Date.now() + fiveMinutesMs / 2);
    });
  }),
);
