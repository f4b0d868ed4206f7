import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import type { ServiceBroker } from "moleculer";
import { newEventId } from "../../../core/event/event-id.ts";
import { natsFromString } from "../../../adapters/nats/connection-string.ts";
import { appendTo, many } from "../../../testing/event-log/requests.ts";
import { cleanUp, eventually, newFolder, startBroker } from "../../support/broker.ts";
import { describeWith, type EngineServer } from "../../support/engines.ts";
import { killChildren, startChild } from "../child.ts";
import { nodeOptions } from "../multinode/node-options.ts";
import { Callers, type Question } from "./callers.ts";

/** Takes a joining node some seconds. */
const eventsInLog = Number(process.env["JOINING_EVENTS"] ?? 57_600);
const eventsPerCommit = Number(process.env["JOINING_COMMIT"] ?? 48);
const rows = eventsInLog / 3;

afterEach(async () => {
  killChildren();
  await cleanUp();
});

/** Every third event is a row of the table. */
async function fill(url: string): Promise<void> {
  const log = natsFromString(`${url}?folder=${newFolder()}`).eventLog!("events");
  await log.open();
  const events = many(eventsPerCommit).map((event, index) => ({
    ...event,
    ...(index % 3 === 0 && { type: "counter.counted", payload: { n: index } }),
  }));
  for (let n = 0; n < eventsInLog / eventsPerCommit; n++)
    await log.append([
      appendTo(
        `counted-${n}`,
        events.map((event) => ({ ...event, id: newEventId() })),
      ),
    ]);
  await log.close();
}

class Site {
  readonly url: string;
  readonly #namespace: string;
  readonly client: ServiceBroker;

  private constructor(url: string, namespace: string, client: ServiceBroker) {
    this.url = url;
    this.#namespace = namespace;
    this.client = client;
  }

  static async on({ url }: EngineServer): Promise<Site> {
    const namespace = randomUUID();
    const client = await startBroker([], {
      ...nodeOptions(url, namespace, "client"),
      heartbeatInterval: 1,
      heartbeatTimeout: 5,
    });
    return new Site(url, namespace, client);
  }

  async node(nodeID: string, folder: string) {
    const child = startChild("./joining/joining-node-process.ts", this.url, this.#namespace, nodeID, folder);
    await new Promise<void>((resolve, reject) => {
      child.lines.on("line", (line) => (line === "ready" ? resolve() : process.stderr.write(`${line}\n`)));
      void child.exited.then((how) => reject(new Error(`${nodeID} ended, with ${how}`)));
    });
    return child;
  }

  /** Waits until the client's calls go to these nodes. */
  async knows(...nodes: string[]): Promise<void> {
    await eventually(() => {
      for (const action of ["events.append", "counter.count", "numbers.count"]) {
        const hosts = hostsOf(this.client, action);
        if (hosts.join() !== nodes.join())
          throw new Error(`${action} is on: ${hosts.join()}; expected ${nodes.join()}`);
      }
    });
  }
}

const hostsOf = (broker: ServiceBroker, action: string): string[] => {
  const { endpoints } = (broker.registry.actions.get(action) as { endpoints: { id: string }[] } | undefined) ?? {
    endpoints: [],
  };
  return endpoints.map(({ id }) => id).toSorted();
};

const questions: Question[] = [
  { action: "events.append", params: () => ({ stream: "s", events: [{ type: "thing.added", payload: {} }] }) },
  { action: "events.read", params: () => ({ after: eventsInLog - 10, limit: 5 }) },
  { action: "counter.count", params: (n) => ({ id: `c${n % 5}` }) },
  {
    action: "numbers.count",
    params: () => ({}),
    problem: (count) => (Number(count) >= rows ? null : `found too few rows, expected at least ${rows}`),
  },
];

/** Lasts some time, since the calls go to the nodes in turn. */
async function answering(callers: Callers): Promise<void> {
  const { answered } = callers;
  await eventually(() => expect(callers.answered).toBeGreaterThan(answered + 300));
  await callers.end();
}

/** For a measurement with a longer log. */
function report(runs: Record<string, Callers>): void {
  if (process.env["JOINING_EVENTS"] === undefined) return;
  for (const [title, { answered, failures, longestMs }] of Object.entries(runs)) {
    const failed = JSON.stringify([...failures], null, 1);
    process.stderr.write(
      `${title}: ${answered} answered, the slowest in ${Math.round(longestMs)} ms, failed: ${failed}\n`,
    );
  }
}

describeWith("nats-server built here", "A cluster on NATS", (server) => {
  it("answers every call while a node joins, and while it makes up for a lost index or for the time that it was frozen", async () => {
    await fill(server().url);
    const site = await Site.on(server());
    await site.node("first", newFolder());
    await site.knows("first");
    await eventually(async () => expect(await site.client.call("numbers.count")).toBe(rows));
    const folder = newFolder();
    const joins = new Callers(site.client, questions);
    const second = await site.node("second", folder);
    await site.knows("first", "second");
    await answering(joins);

    const indexIsLost = new Callers(site.client, questions);
    for (const suffix of ["", "-wal", "-shm"]) rmSync(`${folder}/events.index.db${suffix}`);
    await answering(indexIsLost);

    second.freeze();
    await Promise.all([fill(server().url), site.knows("first")]);
    const thawed = new Callers(site.client, questions);
    second.thaw();
    await site.knows("first", "second");
    await answering(thawed);
    report({ joins, indexIsLost, thawed });
    expect(Object.entries({ joins, indexIsLost, thawed }).map(([when, { failures }]) => [when, ...failures])).toEqual([
      ["joins"],
      ["indexIsLost"],
      ["thawed"],
    ]);
  });
});
