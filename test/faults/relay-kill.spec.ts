import { randomUUID } from "node:crypto";
import { nats } from "../../adapters/nats/nats.ts";
import { everything } from "../../testing/event-log/log-fixture.ts";
import { upTo } from "../../testing/event-log/requests.ts";
import { cleanUp, eventually, newFolder } from "../support/broker.ts";
import { randomInt } from "../support/chance.ts";
import { describeWith } from "../support/engines.ts";
import { times } from "../support/times.ts";
import { killChildren, startChild } from "./child.ts";

afterEach(async () => {
  killChildren();
  await cleanUp();
});

/** A node that is restarted after each kill, and the messages of all its processes. */
class HostNode {
  readonly stored: string[] = [];
  readonly failed: string[] = [];
  /** Groups of other hosts that it has received since its last start. */
  relayed = 0;
  readonly #args: string[];
  #life = 0;
  #child: ReturnType<typeof startChild> | null = null;

  constructor(url: string, namespace: string, nodeID: string) {
    this.#args = [url, namespace, nodeID, newFolder()];
  }

  async start(): Promise<void> {
    this.relayed = 0;
    const child = startChild("relay-process.ts", ...this.#args, String(++this.#life));
    this.#child = child;
    await new Promise<void>((resolve, reject) => {
      child.lines.on("line", (line) => {
        const [word, ...told] = line.split(" ");
        if (word === "ready") resolve();
        if (word === "relayed") this.relayed++;
        if (word === "stored") this.stored.push(told[0]!);
        if (word === "failed") this.failed.push(told.join(" "));
      });
      void child.exited.then((signal) => reject(new Error(`a node ended before it was ready, with ${signal}`)));
    });
  }

  async kill(): Promise<void> {
    this.#child!.kill();
    await this.#child!.exited;
  }

  async end(): Promise<void> {
    this.#child!.end();
    await this.#child!.exited;
  }
}

describeWith("nats-server", "Hosts that send their appends to the one that leads", (server) => {
  it(`lose no acknowledged append and store none twice when the leader, or another, is killed with SIGKILL ${times(8)} times`, async () => {
    const name = randomUUID();
    const nodes = upTo(3).map((number) => new HostNode(server().url, name, `node-${number}`));
    for (const node of nodes) await node.start();
    for (let kill = 0; kill < times(8); kill++) {
      const before = nodes.map(({ stored }) => stored.length);
      for (const node of nodes) node.relayed = 0;
      // One host stores for the others, and all continue after the last kill.
      await eventually(() => {
        for (const [index, { stored }] of nodes.entries()) expect(stored.length).toBeGreaterThan(before[index]! + 20);
        expect(nodes.some(({ relayed }) => relayed > 0)).toBe(true);
      });
      await new Promise((resolve) => setTimeout(resolve, randomInt(300)));
      const leader = nodes.toSorted((one, other) => other.relayed - one.relayed)[0]!;
      const victim = kill % 3 === 2 ? nodes[randomInt(nodes.length)]! : leader;
      await victim.kill();
      await victim.start();
    }
    for (const node of nodes) await node.end();
    const log = nats(server().url, { folder: newFolder() }).eventLog!(name);
    await log.open();
    const events = await everything(log);
    await log.close();
    expect(nodes.flatMap(({ failed }) => failed)).toEqual([]);
    expect(events.map(({ position }) => position)).toEqual(upTo(events.length));
    const numbers = new Map(events.map(({ id, position, version }) => [id, `${id}/${position}/${version}`]));
    expect(numbers.size).toBe(events.length);
    const lost = nodes.flatMap(({ stored }) => stored).filter((told) => numbers.get(told.split("/")[0]!) !== told);
    expect(lost).toEqual([]);
  }, 180_000);
});
