import { randomUUID } from "node:crypto";
import type { EventStoreOptions } from "moleculer-event-sourcing";
import type { ServiceBroker } from "moleculer";
import { cleanUp, newFolder, refusal, startBroker } from "../support/broker.ts";
import {
  claimantOf,
  create,
  createByTurns,
  FoldedEvents,
  ordersOf,
  type NumberClaim,
  type OrderEvents,
} from "../support/claim-releases.ts";
import { LogLines } from "./log-lines.ts";

afterEach(cleanUp);

type Events = EventStoreOptions<OrderEvents>["events"];

interface Release {
  claim: NumberClaim;
  events?: Events;
  payloadOf?: (number: string) => OrderEvents["order.created"];
}

const byFunction: NumberClaim = {
  claim: { "order.created": ({ payload }) => payload.number, "order.renumbered": ({ payload }) => payload.number },
};
const byPath: NumberClaim = {
  claim: { "order.created": "number" },
  replace: { "order.renumbered": "number" },
  release: ["order.deleted"],
};

/** The first release hosts the store's file, the second one calls it. */
async function releases(hosting: Release, calling: Release, logger?: LogLines) {
  const folded = new FoldedEvents();
  const namespace = randomUUID();
  const start = ({ claim, events, payloadOf }: Release, nodeID: string, place: object): Promise<ServiceBroker> => {
    const options = { ...place, ...(events && { events }) } as EventStoreOptions<OrderEvents>;
    return startBroker([ordersOf(claim, options, payloadOf)], {
      nodeID,
      namespace,
      transporter: "Fake",
      middlewares: [folded.middleware],
      ...(logger && nodeID === "calling" && { logger: [logger] as never }),
    });
  };
  const first = await start(hosting, "hosting", { adapter: `sqlite:${newFolder()}/events.db` });
  const second = await start(calling, "calling", { host: false });
  return { nodes: [first, second] as const, folded };
}

describe("Two releases with other definitions of a claim", () => {
  it("fold each event of the other once, however many commands there are", async () => {
    const { nodes, folded } = await releases({ claim: byFunction }, { claim: byPath });
    const counts = await createByTurns(nodes, folded, 8);
    expect(counts.slice(1)).toEqual([2, 2, 2, 2, 2, 2, 2]);
    for (const node of nodes) {
      expect(await claimantOf(node, "A-3")).toBe("order-older-3");
      expect(await claimantOf(node, "B-3")).toBe("order-newer-3");
    }
  });

  it("let one of many concurrent commands have a value", async () => {
    const { nodes } = await releases({ claim: byFunction }, { claim: byPath });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => create(nodes[index % 2]!, `${index}`, `N-${index % 5}`)),
    );
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(5);
    const types = outcomes.flatMap((outcome) =>
      outcome.status === "rejected" ? [(outcome.reason as { type: string }).type] : [],
    );
    expect(new Set(types)).toEqual(new Set(["DUPLICATE_CLAIM"]));
  });

  it("keep a rule of one of them alone: it finds what the other has stored against it, and logs it", async () => {
    const logger = new LogLines();
    const { nodes } = await releases({ claim: byPath }, { claim: { ...byPath, ignoreCase: true } }, logger);
    const [older, newer] = nodes;
    await create(newer, "1", "a");
    await create(older, "2", "A");
    expect(await claimantOf(newer, "A")).toBe("order-1");
    expect(logger.of("warn", /claims values twice/)).toEqual([expect.stringMatching(/order-2.*order-1/s)]);
    expect(await claimantOf(older, "A")).toBe("order-2");
  });

  it("decide on the newer one what the older one cannot know: the claims of an event of a newer schema", async () => {
    const newer: Release = {
      claim: { claim: { "order.created": "contact.number" } } as never,
      payloadOf: (number) => ({ contact: { number } }) as never,
      events: {
        "order.created": {
          payload: { contact: { $$type: "object", number: "string" } },
          schemaVersion: 2,
          upcasters: { 1: ({ number }: { number: string }) => ({ contact: { number } }) },
        },
      },
    };
    const older: Release = {
      claim: byFunction,
      events: { "order.created": { payload: { number: "string" } } },
    };
    const { nodes } = await releases(newer, older);
    await create(nodes[1], "1", "A");
    await create(nodes[0], "2", "B");
    expect(await refusal(() => create(nodes[1], "3", "B"))).toMatchObject({
      type: "DUPLICATE_CLAIM",
      data: { value: "B", stream: "order-3" },
    });
    await create(nodes[1], "4", "C");
    expect(await nodes[0].call("events.count")).toBe(3);
  });
});

describe("Two releases with the same version of a claim", () => {
  it("have one definition, whatever the texts of their functions are", async () => {
    const compiled: NumberClaim = {
      claim: {
        "order.created"(e) {
          return e.payload.number;
        },
        "order.renumbered"(e) {
          return e.payload.number;
        },
      },
      version: 1,
    };
    const { nodes, folded } = await releases({ claim: { ...byFunction, version: 1 } }, { claim: compiled });
    expect(await createByTurns(nodes, folded, 4)).toEqual([0, 0, 0, 0]);
    for (const node of nodes) expect(await claimantOf(node, "B-3")).toBe("order-newer-3");
  });
});

describe("A claim by paths", () => {
  const service = () => startBroker([ordersOf(byPath, { adapter: "memory:" })]);

  it("is replaced by one event, which frees the value before and is refused for one that another stream holds", async () => {
    const broker = await service();
    await create(broker, "1", "A");
    await create(broker, "2", "B");
    expect(await refusal(() => broker.call("order.renumber", { id: "1", number: "B" }))).toMatchObject({
      type: "DUPLICATE_CLAIM",
      claimant: "order-2",
    });
    expect(await claimantOf(broker, "A")).toBe("order-1");
    await broker.call("order.renumber", { id: "1", number: "C" });
    expect(await claimantOf(broker, "C")).toBe("order-1");
    await create(broker, "3", "A");
    await broker.call("order.renumber", { id: "1", number: "C" });
    expect(await claimantOf(broker, "C")).toBe("order-1");
  });

  it("is released by an event that does not repeat the value", async () => {
    const broker = await service();
    await create(broker, "1", "A");
    await broker.call("order.delete", { id: "1" });
    await create(broker, "2", "A");
    const { total }: { total: number } = await broker.call("events.verify");
    expect(total).toBe(0);
  });
});
