import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { caughtUp, cleanUp, eventually, newFolder, startBroker } from "../support/broker.ts";
import { describeWith } from "../support/engines.ts";
import { appendTo, statusOf, Watched, watchService, withStatus } from "../mixins/watch.ts";

const script = fileURLToPath(new URL("./watch-process.ts", import.meta.url));
const ends: (() => unknown)[] = [];

afterEach(async () => {
  await cleanUp();
  for (const end of ends.splice(0)) end();
});

interface Node {
  process: ChildProcess;
  seen: number[];
  ready: Promise<void>;
  gone: Promise<unknown>;
}

function startNode(nodeID: string, url: string, folder: string, what: "store" | "watch", delayMs = 0): Node {
  const child = spawn(
    process.execPath,
    ["--conditions=moleculer-event-sourcing:source", script, nodeID, url, folder, what, String(delayMs)],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  ends.push(() => child.kill("SIGKILL"));
  const seen: number[] = [];
  const { promise: ready, resolve } = Promise.withResolvers<void>();
  createInterface(child.stdout).on("line", (line) => (line === "ready" ? resolve() : seen.push(Number(line))));
  return { process: child, seen, ready, gone: new Promise((done) => child.once("close", done)) };
}

const overNats = (url: string) => ({ type: "NATS" as const, options: { url } });
const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);
const streams = (count: number) => Array.from({ length: count }, (_, index) => `s-${index % 5}`);

/** A subscription's law: the first handling of each event is in the order of the log. */
const firstTimes = (seen: readonly number[]) => [...new Set(seen)];

describe("A process with a subscription killed with SIGKILL", () => {
  it("misses no event, and handles at most those of its last moments twice, 4 times", async () => {
    const folder = newFolder();
    const filler = await startBroker([watchService({ folder, watched: new Watched(), hostsWatch: false })]);
    await appendTo(filler, ...streams(400));
    await filler.stop();
    const seen: number[] = [];
    for (let run = 0; run < 4; run++) {
      const node = startNode("killed", "", folder, "store", 5);
      // Its predecessor's lease has to lapse first.
      await eventually(() => expect(node.seen.length).toBeGreaterThan(70 + 7 * run));
      node.process.kill("SIGKILL");
      await node.gone;
      const repeated = node.seen.filter((position) => seen.includes(position));
      // The checkpoint is saved every 200 ms, and an event takes about 5 ms.
      expect(repeated.length).toBeLessThan(60);
      seen.push(...node.seen);
    }
    const watched = new Watched();
    const broker = await startBroker([watchService({ folder, watched })]);
    await withStatus(broker, { state: "live", lag: 0 });
    expect(firstTimes([...seen, ...watched.seen])).toEqual(upTo(400));
  });
});

describeWith("nats-server", "A subscription on two nodes", (server) => {
  it("goes on elsewhere when its holder is killed, and handles on one at a time", async () => {
    const { url } = server();
    const folder = newFolder();
    const watched = new Watched();
    const one = startNode("one", url, folder, "watch");
    const store = await startBroker([watchService({ folder, watched, hostsWatch: false })], {
      nodeID: "store",
      transporter: overNats(url),
    });
    await one.ready;
    await appendTo(store, "a", "b");
    await eventually(() => expect(one.seen).toEqual([1, 2]));
    const two = await startBroker([watchService({ folder, watched, hostsStore: false })], {
      nodeID: "two",
      transporter: overNats(url),
    });
    await withStatus(two, { node: "two", state: "standby", position: 2, lag: 0, parked: 0 });
    one.process.kill("SIGKILL");
    await appendTo(store, "a");
    await eventually(() => expect(watched.seen).toEqual([3]));
    await withStatus(two, { state: "live", position: 3 });
  });

  it("loses nothing, and writes nothing with an old lease, when its holder freezes and comes back", async () => {
    const { url } = server();
    const folder = newFolder();
    const watched = new Watched();
    const store = await startBroker([watchService({ folder, watched, hostsWatch: false })], {
      nodeID: "store",
      transporter: overNats(url),
    });
    const one = startNode("one", url, folder, "watch", 20);
    await one.ready;
    await appendTo(store, ...streams(100));
    await eventually(() => expect(one.seen.length).toBeGreaterThan(20));
    one.process.kill("SIGSTOP");
    const two = await startBroker([watchService({ folder, watched, hostsStore: false })], {
      nodeID: "two",
      transporter: overNats(url),
    });
    await caughtUp(two, "watch");
    const before = one.seen.length;
    expect(await statusOf(two)).toMatchObject({ state: "live", position: 100 });
    one.process.kill("SIGCONT");
    await eventually(async () =>
      expect(await two.call("watch.status", {}, { nodeID: "one", timeout: 1000 })).toMatchObject({
        node: "one",
        state: "standby",
        position: 100,
      }),
    );
    await appendTo(store, "a", "b");
    await caughtUp(two, "watch");
    // At most the event that it was handling when it froze.
    expect(one.seen.length).toBeLessThanOrEqual(before + 1);
    expect(watched.seen.slice(-2)).toEqual([101, 102]);
    expect(firstTimes([...one.seen, ...watched.seen].toSorted((a, b) => a - b))).toEqual(upTo(102));
    expect(await statusOf(two)).toMatchObject({ state: "live", position: 102 });
  });
});
