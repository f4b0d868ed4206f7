import { spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { ServiceBroker } from "moleculer";
import { killClis, startCli } from "../../cli/cli-process.ts";
import { nodeOptions } from "../../faults/multinode/node-options.ts";
import { cleanUp, eventually, newFolder, startBroker } from "../../support/broker.ts";
import { describeWith } from "../../support/engines.ts";

const script = fileURLToPath(new URL("../../cli/deployed-node-process.ts", import.meta.url));

describeWith("nats-server", "The command deployed", (server) => {
  const running = new Set<ChildProcess>();
  let folder: string;
  let namespace: string;
  beforeEach(() => {
    folder = newFolder();
    namespace = randomUUID();
  });
  afterEach(async () => {
    killClis();
    for (const node of running) await end(node, "SIGKILL");
    await cleanUp();
  });

  /** Begins a node; `node-1` hosts the store. */
  function begin(nodeID: string, release: 1 | 2 = 1, ...more: string[]) {
    const args = ["--conditions=moleculer-event-sourcing:source", script, server().url, namespace, nodeID];
    const node = spawn(process.execPath, [...args, String(release), folder, ...more], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    running.add(node);
    const hasStarted = (async () => {
      for await (const line of createInterface(node.stdout)) if (line === "started") return;
    })();
    return { node, hasStarted };
  }

  async function end(node: ChildProcess, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    running.delete(node);
    if (node.exitCode !== null || node.signalCode !== null) return;
    const exited = new Promise((resolve) => node.once("exit", resolve));
    node.kill(signal);
    await exited;
  }

  /** Two nodes, and a broker beside them that knows their services. */
  async function twoNodes(release: 1 | 2 = 1): Promise<{ client: ServiceBroker; first: ChildProcess }> {
    const first = begin("node-1", release);
    const second = begin("node-2", release);
    await Promise.all([first.hasStarted, second.hasStarted]);
    const client = await startBroker([], nodeOptions(server().url, namespace, "client"));
    await client.waitForServices(["events", "things", "letters"], 30_000, 10);
    return { client, first: first.node };
  }

  const make = (client: ServiceBroker, size: number, type = "thing.made") =>
    client.call("events.append", { stream: `thing-${size}`, events: [{ type, payload: { size } }] });

  let said = "";
  const deployed = (nodes: string[], ...options: string[]) =>
    startCli(["deployed", server().url, ...nodes, "--namespace", namespace, ...options], (output) => (said = output));

  it("waits for nodes that are missing or starting, and says so", async () => {
    const ended = deployed(["node-1", "node-2"]);
    await eventually(() => expect(said).toContain("node-1: is not there"));
    await begin("node-1").hasStarted;
    const second = begin("node-2", 1, "slow");
    await eventually(() => expect(said).toContain("node-2: is starting"));
    expect(said).not.toContain("done");
    second.node.stdin.write("begin\n");
    expect(await ended).toMatchObject({ code: 0, errors: "" });
    expect((await ended).output).toMatch(/done: node-1, node-2\n$/);
  });

  it("reads the brokers' options from a file", async () => {
    await begin("node-1").hasStarted;
    const file = `${folder}/moleculer.config.js`;
    const options = { ...nodeOptions(server().url, namespace, "node-9"), logger: true };
    writeFileSync(file, `module.exports = ${JSON.stringify(options)};`);
    const { code, output } = await startCli(["deployed", file, "node-1"]);
    expect(code).toBe(0);
    expect(output).toMatch(/done: node-1\n$/);
  });

  it("names what is paused, and does not wait for it", async () => {
    const { client } = await twoNodes();
    // The node that is called may not know the store's node yet.
    await eventually(() => client.call("letters.pause"));
    const { code, output } = await deployed(["node-1", "node-2"]);
    expect(code).toBe(0);
    expect(output).toMatch(/done: node-1, node-2; paused, call resume: letters on node-1, letters on node-2\n$/);
  });

  it("ends with 1 if nothing is left but a parked event, and names the table", async () => {
    const { client } = await twoNodes();
    await make(client, 13);
    await eventually(async () => expect(await client.call("things.status")).toMatchObject({ parked: 1 }));
    const { code, errors } = await deployed(["node-1", "node-2"]);
    expect(code).toBe(1);
    expect(errors).toContain("Not finished: this does not pass by itself:");
    expect(errors).toContain("things on node-1: 1 event is parked");
  });

  it("ends with 1 after a rollback to a release that cannot read an event", async () => {
    const { client, first } = await twoNodes(2);
    await make(client, 1, "thing.broken");
    await end(first);
    await begin("node-1", 1).hasStarted;
    const { code, errors } = await deployed(["node-1"]);
    expect(code).toBe(1);
    expect(errors).toContain("things on node-1: waiting: position 1 needs a release that knows thing.broken version 1");
  });

  it("ends with 1 when the time is up, and names the nodes that are there", async () => {
    await begin("node-1").hasStarted;
    const { code, errors } = await deployed(["node-1", "node-3"], "--timeout", "8");
    expect(code).toBe(1);
    expect(errors).toContain("Not finished: the time is up; the nodes that are there: node-1\n  node-3: is not there");
  });

  it("ends with 1 if the transporter does not respond", async () => {
    const { code, errors } = await startCli(["deployed", "nats://127.0.0.1:1", "node-1", "--timeout", "2"]);
    expect(code).toBe(1);
    expect(errors).toContain("Not finished: found no connection to nats://127.0.0.1:1");
  });

  it.each([
    ["no node", ["nats://127.0.0.1:1"], "deployed: found 1 place, expected at least two: <cluster> <node>"],
    ["a file that is not there", ["moleculer.confg.js", "node-1"], "found no file moleculer.confg.js, expected a file"],
    ["no number of seconds", ["nats://b", "node-1", "--timeout", "soon"], "found --timeout soon, expected a number"],
  ])("refuses %s", async (_, args, says) => {
    const ended = await startCli(["deployed", ...args]);
    expect(ended).toMatchObject({ code: 2, output: "" });
    expect(ended.errors).toContain(says);
  });
});
