import { randomUUID } from "node:crypto";
import { EventStore, type StoredAnswer, type RecordedEvent } from "moleculer-event-sourcing";
import type { Context, Middleware, ServiceBroker } from "moleculer";
import { mongodb } from "../../../adapters/mongodb/mongodb.ts";
import { nats } from "../../../adapters/nats/nats.ts";
import type { RelayAnswer } from "../../../core/log/append-relay.ts";
import { StoreUnavailableError } from "../../../core/errors/errors.ts";
import { readLog } from "../../support/accounts.ts";
import { cleanUp, eventually, newFolder, refusal, startBroker } from "../../support/broker.ts";
import { describeWith } from "../../support/engines.ts";
import { eventsIn } from "../../support/pages.ts";

afterEach(cleanUp);

const adapters = { "nats-server": nats, mongodb: mongodb };

type OnRelayed = (store: () => Promise<RelayAnswer>) => Promise<RelayAnswer>;

interface HostNode {
  broker: ServiceBroker;
  /** Groups of other hosts that this one was asked to store. */
  relayed: number;
  onRelayed: OnRelayed;
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

/** Through this node's own host. */
const append = ({ broker }: HostNode, stream: string, more: object = {}, headers: object = {}): Promise<StoredAnswer> =>
  broker.call(
    "events.append",
    { stream, events: [{ type: "thing.added", payload: {} }], ...more },
    { nodeID: broker.nodeID, headers },
  );

for (const engine of ["nats-server", "mongodb"] as const)
  describeWith(engine, `Hosts of one log on ${engine} that append at the same time`, (server) => {
    async function hosts(count: number): Promise<HostNode[]> {
      const namespace = randomUUID();
      const nodes = upTo(count).map(async (number): Promise<HostNode> => {
        const folder = newFolder();
        const node = { relayed: 0, onRelayed: ((store) => store()) as OnRelayed };
        const middleware: Middleware = {
          localAction: (next, { name }) =>
            name === "$events.appendRelayed"
              ? function (ctx: Context) {
                  node.relayed++;
                  return node.onRelayed(() => next.call(this, ctx) as Promise<RelayAnswer>);
                }
              : next,
        };
        const adapter = adapters[engine](server().url, { folder });
        const events = EventStore("events", { adapter: { ...adapter, eventLog: () => adapter.eventLog!(namespace) } });
        const broker = await startBroker([{ name: "host", mixins: [events.mixin()] }], {
          namespace,
          nodeID: `node-${number}`,
          transporter: "Fake",
          middlewares: [middleware],
        });
        return Object.assign(node, { broker });
      });
      const started = await Promise.all(nodes);
      await eventually(() => {
        for (const { broker } of started)
          expect(broker.registry.getServiceList({ onlyAvailable: true }).filter(isStore)).toHaveLength(count);
      });
      return started;
    }
    const isStore = ({ name }: { name: string }) => name === "events";

    /** Each node's callers append to streams of their own until `isOver`; every event was acknowledged once. */
    async function load(nodes: readonly HostNode[], isOver: () => boolean): Promise<StoredAnswer[]> {
      const answers: StoredAnswer[] = [];
      const own = randomUUID();
      await Promise.all(
        nodes.flatMap((node) =>
          upTo(8).map(async (caller) => {
            for (let version = 0; !isOver(); version++)
              answers.push(await append(node, `${node.broker.nodeID}-${caller}-${own}`, { expectedVersion: version }));
          }),
        ),
      );
      return answers;
    }

    /** Until one of them stores for the others. */
    const leaderOf = async (nodes: readonly HostNode[]): Promise<HostNode> => {
      await load(nodes, () => nodes.some(({ relayed }) => relayed > 5));
      return nodes.toSorted((one, other) => other.relayed - one.relayed)[0]!;
    };

    async function checkAll(node: HostNode, answers: readonly StoredAnswer[]): Promise<void> {
      const log = await readLog<RecordedEvent>(node.broker);
      expect(log.map(({ position }) => position)).toEqual(upTo(log.length));
      const byId = new Map(log.map((event) => [event.id, event]));
      expect(byId.size).toBe(log.length);
      for (const { events, repeated } of answers) {
        expect(repeated).toBe(false);
        for (const event of events) expect(byId.get(event.id)).toEqual(event);
      }
    }

    it("send their appends to one of them, and each is stored once, as it was answered", async () => {
      const nodes = await hosts(3);
      const relayed = () => nodes.reduce((sum, node) => sum + node.relayed, 0);
      let rounds = 0;
      const answers = await load(nodes, () => ++rounds > 1500 && relayed() > 30);
      await checkAll(nodes[0]!, answers);
      expect(await readLog(nodes[1]!.broker)).toHaveLength(answers.length);
    });

    it("are each read at once by the callers of their own node", async () => {
      const nodes = await hosts(2);
      let rounds = 0;
      await Promise.all(
        nodes.map(async (node) => {
          const stream = `s-${node.broker.nodeID}`;
          for (let version = 1; ++rounds < 400 || nodes.every(({ relayed }) => relayed === 0); version++) {
            const { events } = await append(node, stream);
            const read = eventsIn(
              node.broker.call("events.read", { stream, afterVersion: version - 1 }, { nodeID: node.broker.nodeID }),
            );
            expect(await read).toEqual(events);
          }
        }),
      );
    });

    it("get the errors of their own host", async () => {
      const nodes = await hosts(2);
      const leader = await leaderOf(nodes);
      const other = nodes.find((node) => node !== leader)!;
      await append(leader, "a-1", {}, { commandId: "k" });
      const before = leader.relayed;
      let isOver = false;
      const loaded = load(nodes, () => isOver);
      await eventually(async () => {
        const refusals = [
          await refusal(() => append(other, "a-1", { expectedVersion: 7 })),
          await refusal(() => append(other, "a-2", {}, { commandId: "k" })),
        ];
        expect(refusals).toMatchObject([
          { name: "VersionConflictError", code: 409, data: { stream: "a-1", expected: 7, actual: 1 } },
          { name: "CommandIdReusedError", code: 409, type: "COMMAND_ID_REUSED" },
        ]);
        expect(leader.relayed).toBeGreaterThan(before);
      });
      isOver = true;
      await checkAll(other, await loaded);
    });

    it.each<[string, OnRelayed]>([
      ["stores and never answers", async (store) => (await store(), new Promise(() => {}))],
      ["never stores", () => new Promise(() => {})],
      ["refuses", () => Promise.reject(new StoreUnavailableError("events", "it is stopping"))],
    ])("store an append once where the one that they send it to %s", async (_, onRelayed) => {
      const nodes = await hosts(2);
      for (const node of nodes) node.onRelayed = onRelayed;
      const relayed = () => nodes.reduce((sum, node) => sum + node.relayed, 0);
      let rounds = 0;
      const answers = await load(nodes, () => ++rounds > 300 && relayed() > 0);
      await checkAll(nodes[0]!, answers);
      expect(await readLog(nodes[1]!.broker)).toHaveLength(answers.length);
    });

    it("go on when the one that stores for them stops", async () => {
      const nodes = await hosts(3);
      const leader = await leaderOf(nodes);
      const others = nodes.filter((node) => node !== leader);
      let isOver = false;
      const loaded = load(others, () => isOver);
      await leader.broker.stop();
      for (const node of others) await append(node, `last-${node.broker.nodeID}`);
      isOver = true;
      const answers = await loaded;
      await checkAll(others[0]!, answers);
      expect(answers.length).toBeGreaterThan(0);
    });
  });
