import { commands, entriesHost, keeper } from "../../support/accounts.ts";
import { cleanUp, newFolder } from "../../support/broker.ts";
import { describeWith } from "../../support/engines.ts";
import { readAfterCases } from "../../support/read-after-cases.ts";
import { Cluster } from "./cluster.ts";

afterEach(cleanUp);

describeWith("nats-server", "One's own writes, with store, caller, table and transform on four nodes,", (server) => {
  readAfterCases(async ({ caller, transform, host, ...options }) => {
    const cluster = new Cluster(server());
    await cluster.node("A", [keeper(newFolder())]);
    await cluster.node("C", [entriesHost(newFolder(), options)], host);
    await cluster.node("D", [transform]);
    const b = await cluster.node("B", [commands(), ...caller]);
    await Promise.all([cluster.knows("events", "A"), cluster.knows("book", "D"), cluster.knows("entries", "C")]);
    return b;
  });
});
