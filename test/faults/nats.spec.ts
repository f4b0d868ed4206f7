import { createServer } from "node:net";
import { connect, type StreamConfig } from "nats";
import { natsFromString } from "../../adapters/nats/connection-string.ts";
import { setTimes, times } from "../../core/concurrency/times.ts";
import { appendTo, many } from "../../testing/event-log/requests.ts";
import { everything } from "../../testing/event-log/log-fixture.ts";
import { cleanUp, eventually, newFolder, refusal } from "../support/broker.ts";
import { describeWith, type EngineServer } from "../support/engines.ts";
import { Link } from "../cluster/link.ts";
import { checkSharedLog } from "./chains.ts";

const logOn = (url: string, name: string, options = "") =>
  natsFromString(`${url}?folder=${newFolder()}${options}`).eventLog!(name);

async function withStreams(server: EngineServer, name: string, change: Partial<StreamConfig>): Promise<void> {
  const connection = await connect({ servers: server.url });
  const { streams } = await connection.jetstreamManager();
  await streams.add({ name: `${name}_commits`, subjects: [`${name}_commits`], ...change });
  await connection.close();
}

describeWith("nats-server", "A log in NATS JetStream", (server) => {
  afterEach(cleanUp);
  checkSharedLog({
    server,
    log: (url, name) => natsFromString(url).eventLog!(name),
    inProcess: new URL("../engines/contract/nats-port.ts", import.meta.url).href,
  });

  it.each<[string, Partial<StreamConfig>, RegExp]>([
    ["forgets by age", { max_age: 1e12, discard: "new" as never }, /max_age: found 1000000000000, expected 0/],
    ["forgets the oldest", { max_msgs: 10 }, /max_msgs: found 10, expected -1|discard: found "old", expected "new"/],
    ["forgets by size", { max_bytes: 1e6, discard: "new" as never }, /max_bytes: found 1000000, expected -1/],
    ["is kept in memory", { storage: "memory" as never }, /storage: found "memory", expected "file"/],
  ])("is refused in a stream that %s", async (title, change, why) => {
    const name = title.replaceAll(" ", "-");
    await withStreams(server(), name, change);
    const error = await refusal(() => logOn(server().url, name).open());
    expect(error).toMatchObject({ type: "UNUSABLE_STORE", retryable: false });
    expect(error.message).toMatch(why);
  });

  it("sends what had no answer again when the connection is back, without waiting for its time-out", async () => {
    const { nats, append } = structuredClone(times);
    setTimes({ nats: { answerMs: 3_600_000 }, append: { outageMs: 60_000 } });
    try {
      const log = logOn(server().url, "cut");
      await log.open();
      await log.append([appendTo("a")]);
      server().freeze();
      const appending = log.append([appendTo("a")]);
      await server().kill();
      await server().start();
      expect(await appending).toMatchObject([{ repeated: false }]);
      expect(await everything(log)).toHaveLength(2);
      await log.close();
    } finally {
      setTimes({ nats, append });
    }
  });

  it("goes on over another connection when its own dies silently", async () => {
    const { nats, append } = structuredClone(times);
    setTimes({ nats: { answerMs: 3_600_000 }, append: { outageMs: 60_000 } });
    const { port, hostname } = new URL(server().url);
    const link = await Link.to(Number(port));
    try {
      const log = logOn(`nats://${hostname}:${link.port}`, "stranded");
      await log.open();
      await log.append([appendTo("a")]);
      link.strand();
      expect(await log.append([appendTo("a")])).toMatchObject([{ repeated: false }]);
      expect(await everything(log)).toHaveLength(2);
      await log.close();
    } finally {
      setTimes({ nats, append });
      await link.close();
    }
  }, 20_000);

  it("refuses that its events are deleted", async () => {
    const log = logOn(server().url, "kept");
    await log.open();
    await log.append([appendTo("a", many(3))]);
    const connection = await connect({ servers: server().url });
    const { streams } = await connection.jetstreamManager();
    await expect(streams.deleteMessage("kept_commits", 1)).rejects.toThrow(/not permitted/);
    await expect(streams.purge("kept_commits")).rejects.toThrow(/not permitted/);
    await connection.close();
    expect(await everything(log)).toHaveLength(3);
    await log.close();
  });

  it("reports a lost connection if the server does not respond to pings either", async () => {
    const log = logOn(server().url, "without-a-server");
    await log.open();
    const why = async () => (await refusal(() => log.control.get("key"))).message;
    server().freeze();
    await eventually(async () => expect(await why()).toMatch(/no server responds: the connection is gone$/), 30_000);
    await server().kill();
    await eventually(async () => expect(await why()).toMatch(/no server responds: the connection is gone$/), 30_000);
    await server().start();
    await eventually(async () => expect(await log.control.get("key")).toBeNull(), 30_000);
    await log.close();
  });

  it("is an outage where no server answers", async () => {
    const gone = createServer();
    await new Promise<void>((resolve) => gone.listen(0, "127.0.0.1", resolve));
    const { port } = gone.address() as { port: number };
    await new Promise((resolve) => gone.close(resolve));
    const error = await refusal(() => logOn(`nats://127.0.0.1:${port}`, "events").open());
    expect(error).toMatchObject({ type: "STORE_UNAVAILABLE", retryable: true });
    expect(error.message).toMatch(/no server responds \(CONNECTION_REFUSED\)/);
  });
});

describeWith("nats-server built here", "A log with replicas in NATS JetStream", (server) => {
  afterEach(cleanUp);

  it("is refused in a stream that has fewer replicas than are asked for", async () => {
    const log = logOn(server().url, "lone");
    await log.open();
    await log.close();
    const error = await refusal(() => logOn(server().url, "lone", "&replicas=3").open());
    expect(error).toMatchObject({ type: "UNUSABLE_STORE", retryable: false });
    expect(error.message).toContain(
      "stream lone_commits: found 1 replica, expected 3: nats stream edit lone_commits --replicas 3, or set replicas=1",
    );
  });

  it("is refused with replicas if the server is not part of a cluster", async () => {
    const error = await refusal(() => logOn(server().url, "copied", "&replicas=3").open());
    expect(error).toMatchObject({ type: "UNUSABLE_STORE", retryable: false });
    expect(error.message).toMatch(
      /^nats:\/\/127.0.0.1:\d+\/copied: the server is not part of a cluster .*set replicas=1/,
    );
  });
});

describeWith("nats-server without JetStream", "A log in NATS", (server) => {
  it("is refused if JetStream is off, with instructions", async () => {
    const error = await refusal(() => logOn(server().url, "events").open());
    expect(error).toMatchObject({ type: "UNUSABLE_STORE", retryable: false });
    expect(error.message).toMatch(/JetStream is off: start nats-server with -js/);
  });
});

describeWith("nats-server with little room", "A log in NATS JetStream", (server) => {
  const as = (user: string) => server().url.replace("nats://", `nats://${user}@`);

  it("is refused to a user with a wrong password", async () => {
    const error = await refusal(() => logOn(as("ann:wrong"), "events").open());
    expect(error).toMatchObject({ type: "UNUSABLE_STORE", retryable: false });
    expect(error.message).toMatch(/refuses the user, the password/);
    expect(error.message).not.toMatch(/wrong/);
  });

  it("answers an outage while the disk is full, and holds what it acknowledged", async () => {
    const log = logOn(as("ann:right"), "events");
    await log.open();
    let stored = 0;
    const error = await refusal(async () => {
      for (;;) {
        await log.append([appendTo("a", [{ payload: "x".repeat(200_000) }])]);
        stored++;
      }
    });
    expect(error).toMatchObject({ type: "STORE_UNAVAILABLE", retryable: true });
    expect(error.message).toMatch(/no room left/);
    expect(stored).toBeGreaterThan(2);
    expect(await everything(log)).toHaveLength(stored);
    await log.close();
  });
});
