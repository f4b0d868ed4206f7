import { randomUUID } from "node:crypto";
import { nats } from "../../../adapters/nats/nats.ts";
import { postgres } from "../../../adapters/postgres/postgres.ts";
import type { Adapter } from "../../../core/adapter.ts";
import { cleanUp, newFolder, startBroker } from "../../support/broker.ts";
import {
  claimantOf,
  create,
  createByTurns,
  FoldedEvents,
  ordersOf,
  type NumberClaim,
} from "../../support/claim-releases.ts";
import { describeWith } from "../../support/engines.ts";

afterEach(cleanUp);

const engines: Record<"nats-server" | "postgres", (url: string, folder: string) => Adapter> = {
  "nats-server": (url, folder) => nats(url, { folder }),
  postgres: (url) => postgres(url),
};

const older: NumberClaim = {
  claim: { "order.created": ({ payload }) => payload.number, "order.renumbered": ({ payload }) => payload.number },
};
const newer: NumberClaim = {
  claim: { "order.created": "number" },
  replace: { "order.renumbered": "number" },
  release: ["order.deleted"],
};

for (const engine of ["nats-server", "postgres"] as const)
  describeWith(engine, `Two releases with other definitions of a claim on ${engine}`, (server) => {
    it("fold each event of the other once, and each refuses what the other has claimed", async () => {
      const folded = new FoldedEvents();
      const namespace = randomUUID();
      const start = (claim: NumberClaim, nodeID: string) =>
        startBroker([ordersOf(claim, { adapter: engines[engine](server().url, newFolder()) })], {
          nodeID,
          namespace,
          transporter: "Fake",
          middlewares: [folded.middleware],
        });
      const nodes = [await start(older, "older"), await start(newer, "newer")] as const;
      const counts = await createByTurns(nodes, folded, 10);
      expect(counts.slice(1)).toEqual(Array.from({ length: 9 }, () => 2));
      for (const node of nodes) {
        expect(await claimantOf(node, "A-5")).toBe("order-older-5");
        expect(await claimantOf(node, "B-5")).toBe("order-newer-5");
      }
      const outcomes = await Promise.allSettled(
        Array.from({ length: 20 }, (_, index) => create(nodes[index % 2]!, `${index}`, `N-${index % 5}`)),
      );
      expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(5);
      await nodes[1].call("order.renumber", { id: "newer-5", number: "C" });
      await create(nodes[1], "again", "B-5");
      expect(await nodes[1].call("events.verify")).toMatchObject({ ok: true, total: 0 });
    });
  });
