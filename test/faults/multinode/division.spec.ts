import type { ServiceBroker } from "moleculer";
import { cleanUp, eventually, newFolder, refusal } from "../../support/broker.ts";
import { describeWith } from "../../support/engines.ts";
import {
  book,
  commands,
  entriesHost,
  keeper,
  moveOften,
  plainEntries,
  readEntries,
  readLog,
} from "../../support/accounts.ts";
import { Cluster } from "./cluster.ts";

afterEach(cleanUp);

interface Token {
  table: string;
  node: string;
  id: number;
}

const tokenOf = (meta: object) => (meta as { $fold: Token }).$fold;

/** Polls one node until its table has folded `count` events and is idle. */
const folded = (broker: ServiceBroker, nodeID: string, count: number) =>
  eventually(async () => {
    const status: object = await broker.call("entries.status", {}, { nodeID });
    expect(status).toMatchObject({ node: nodeID, position: count, lag: 0, state: "live", parked: 0 });
  });

describeWith("nats-server", "Store, commands, table and transform on four nodes", (server) => {
  it("compute the same as one node: the table is the plain fold of the log on every node", async () => {
    const cluster = new Cluster(server());
    await cluster.node("A", [keeper(newFolder())]);
    const b = await cluster.node("B", [commands()]);
    const c = await cluster.node("C", [entriesHost(newFolder())]);
    const d = await cluster.node("D", [book()]);
    await Promise.all([cluster.knows("events", "A"), cluster.knows("book", "D"), cluster.knows("entries", "C")]);
    await moveOften(b, 200);
    await folded(b, "C", 200);
    const plain = plainEntries(await readLog(d));
    expect(plain).toHaveLength(200);
    for (const broker of [b, c, d]) expect(await readEntries(broker, "C")).toEqual(plain);
    expect(await d.call("entries.count", { query: { account: "a3" } })).toBe(40);
  });
});

describeWith("nats-server", "A transform on another node", (server) => {
  it.each([{ hosts: ["C"] }, { hosts: ["C", "D"] }])(
    "sees every event before its own, also in the middle of a batch, while others see committed rows only: table on $hosts",
    async ({ hosts }) => {
      const cluster = new Cluster(server());
      const seen: { node: string; own: number; others: number; position: number }[] = [];
      const transform = book(async (ctx) => {
        const { node } = tokenOf(ctx.meta);
        const others: number = await ctx.broker.call("entries.count", {}, { nodeID: node });
        const own: number = await ctx.call("entries.count");
        seen.push({ node, own, others, position: ctx.params.position });
      });
      const a = await cluster.node("A", [keeper(newFolder()), commands()]);
      await cluster.node("D", [transform, ...(hosts.includes("D") ? [entriesHost(newFolder())] : [])]);
      await cluster.node("C", [entriesHost(newFolder())]);
      await cluster.knows("entries", ...hosts);
      for (const node of hosts) await folded(a, node, 0);
      // A host that has never caught up would forward the queries. The batches are as large as possible.
      await a.call("entries.pause");
      await moveOften(a, 150);
      await a.call("entries.resume");
      const plain = plainEntries(await readLog(a));
      for (const node of hosts) {
        await folded(a, node, 150);
        expect(await readEntries(a, node)).toEqual(plain);
        const there = seen.filter((one) => one.node === node);
        expect(there.map(({ own }) => own)).toEqual(there.map(({ position }) => position - 1));
        expect(there.filter(({ own, others }) => others > own)).toEqual([]);
        // Otherwise no transform ran in the middle of a batch, and the test would show nothing.
        expect(there.some(({ own, others }) => others < own)).toBe(true);
      }
    },
  );

  it("is refused with its token when its fold has ended, or was never one, and never gets the live table instead", async () => {
    const cluster = new Cluster(server());
    const hold = Promise.withResolvers<void>();
    const tokens: Token[] = [];
    const transform = book(async ({ meta, params }) => {
      if (tokenOf(meta).node !== "C") return;
      tokens.push(tokenOf(meta));
      if (params.position === 2) await hold.promise;
    });
    const a = await cluster.node("A", [keeper(newFolder()), commands()]);
    const d = await cluster.node("D", [transform, entriesHost(newFolder())]);
    const c = await cluster.node("C", [entriesHost(newFolder())]);
    await cluster.knows("entries", "C", "D");
    await moveOften(a, 2);
    await eventually(() => expect(tokens).toHaveLength(2));
    await folded(a, "D", 2);
    const [ended, running] = tokens as [Token, Token];
    const queries = [
      ["find", {}],
      ["list", {}],
      ["count", {}],
      ["get", { id: "1" }],
      ["resolve", { id: "1" }],
    ] as const;
    // C responds itself. D, which has its own copy of the table, forwards to C. A calls C, or D, which forwards.
    const ask = (broker: ServiceBroker, action: string, params: object, token: Token, nodeID?: string) =>
      broker.call(`entries.${action}`, params, { meta: { $fold: token }, ...(nodeID && { nodeID }) });
    for (const [action, params] of queries)
      for (const token of [ended, { ...running, id: running.id + 1 }, { ...running, id: 0 }])
        for (const answer of [
          () => ask(c, action, params, token),
          () => ask(d, action, params, token),
          () => ask(a, action, params, token, "C"),
          () => ask(a, action, params, token, "D"),
        ])
          expect(await refusal(answer)).toMatchObject({ code: 409, type: "FOLD_ENDED" });
    for (const broker of [c, d]) expect(await ask(broker, "count", {}, running)).toBe(1);
    for (const [action, params] of queries)
      expect(await refusal(() => ask(d, action, params, { ...running, node: "nobody" }))).toMatchObject({ code: 404 });
    hold.resolve();
    await folded(a, "C", 2);
    expect(await refusal(() => ask(d, "count", {}, running))).toMatchObject({ type: "FOLD_ENDED" });
  });
});
