import type { AggregateStatus } from "moleculer-event-sourcing";
import { commands, entriesHost, keeper } from "../../support/accounts.ts";
import { cleanUp, eventually, newFolder, refusal } from "../../support/broker.ts";
import { describeWith } from "../../support/engines.ts";
import { ChildNode, killChildNodes } from "./child-node.ts";
import { Cluster } from "./cluster.ts";

afterEach(async () => {
  await killChildNodes();
  await cleanUp();
});

describeWith("nats-server", "A table with a host that is frozen", (server) => {
  it("names that host in the answer to a pause, which it follows when it goes on; a resume leaves it out", async () => {
    const cluster = new Cluster(server());
    const a = await cluster.node("A", [keeper(newFolder()), commands()]);
    await cluster.node("C", [entriesHost(newFolder())]);
    const { url } = server();
    const d = new ChildNode({ url, namespace: cluster.namespace, nodeID: "D", folder: newFolder(), role: "table" });
    await d.start();
    await cluster.knows("entries", "C", "D");
    const statusOf = (nodeID: string) => a.call<AggregateStatus, object>("entries.status", {}, { nodeID });
    for (const node of ["C", "D"]) await eventually(async () => expect((await statusOf(node)).state).toBe("live"));

    d.freeze();
    const error = await refusal(() => a.call("entries.pause", {}, { nodeID: "C" }));
    expect(error).toMatchObject({ code: 503, type: "STORE_UNAVAILABLE", retryable: true });
    expect(error.message).toMatch(/the pause is stored, .*; D has not acknowledged it/);
    expect((await statusOf("C")).state).toBe("paused");
    d.thaw();
    await eventually(async () => expect((await statusOf("D")).state).toBe("paused"));
    await a.call("entries.pause");

    d.freeze();
    await a.call("entries.resume", {}, { nodeID: "C" });
    expect((await statusOf("C")).paused).toBe(false);
    d.thaw();
    await eventually(async () => expect((await statusOf("D")).state).toBe("live"));
  });
});
