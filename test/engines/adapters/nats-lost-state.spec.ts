import { connect } from "nats";
import { Subscription, EventStore } from "moleculer-event-sourcing";
import { natsFromString } from "../../../adapters/nats/connection-string.ts";
import { keyName } from "../../../core/errors/storage-name.ts";
import { LogLines } from "../../mixins/log-lines.ts";
import { cleanUp, eventually, newFolder, refusal, startBroker } from "../../support/broker.ts";
import { describeWith } from "../../support/engines.ts";
import { FaultyLine } from "../../support/faulty-line.ts";

afterEach(cleanUp);

const logOn = (url: string, name: string, options = "") =>
  natsFromString(`${url}?folder=${newFolder()}${options}`).eventLog!(name);

/** The answer of JetStream to a question for a message that it does not have, in place of any message of this subject. */
function withoutMessage(subject: string) {
  const none =
    '{"type":"io.nats.jetstream.api.v1.stream_msg_get_response","error":{"code":404,"err_code":10037,"description":"no message found"}}';
  return (said: Buffer): Buffer => {
    const text = said.toString("latin1");
    return Buffer.from(
      // MSG <subject> <sid> <bytes>, and the answer in the next line.
      text.replaceAll(/(MSG \S+ \d+) \d+\r\n([^\r]*)\r\n/g, (whole, head: string, body: string) =>
        body.includes("stream_msg_get_response") && body.includes(`"subject":"${subject}"`)
          ? `${head} ${none.length}\r\n${none}\r\n`
          : whole,
      ),
      "latin1",
    );
  };
}

describeWith("nats-server", "Control state that JetStream has lost", (server) => {
  it("ends in UNUSABLE_STORE for the host that put it, and is there for it as soon as it is found again", async () => {
    const line = await FaultyLine.to(server().url);
    const log = logOn(line.url, "lost");
    await log.open();
    const lease = (await log.control.acquireLease("mails", "one", 60_000)).lease!;
    expect(await log.control.put("mails", { position: 7 }, 0, lease)).toBe(1);
    line.hear(withoutMessage(`lost_control.${keyName("lease/mails")}`));
    for (const use of [
      () => log.control.acquireLease("mails", "two", 60_000),
      () => log.control.put("mails", { position: 8 }, 1, lease),
    ]) {
      const error = await refusal(use);
      expect(error).toMatchObject({ type: "UNUSABLE_STORE", retryable: false });
      expect(error.message).toMatch(
        /found nothing under the key lease\/mails of its control state, expected change \d+/,
      );
    }
    line.hear(withoutMessage(`lost_control.${keyName("state/mails")}`));
    const error = await refusal(() => log.control.get("mails"));
    expect(error).toMatchObject({ type: "UNUSABLE_STORE", retryable: false });
    line.hear((said) => said);
    expect(await log.control.get("mails")).toEqual({ value: { position: 7 }, revision: 1 });
    expect(await log.control.put("mails", { position: 8 }, 1, lease)).toBe(2);
    await log.close();
    await line.close();
  }, 60_000);

  it("is the cause that a subscription waits, which handles nothing again", async () => {
    const line = await FaultyLine.to(server().url);
    const handled: number[] = [];
    const events = EventStore("orders", { adapter: `${line.url}?folder=${newFolder()}` });
    const mails = Subscription("mails", {
      eventStore: events,
      on: { "order.placed": ({ position }) => void handled.push(position) },
    });
    const order = events.mapAction("order.placed", { params: { id: "string" } });
    const broker = await startBroker([{ name: "shop", mixins: [events.mixin(), mails.mixin()], actions: { order } }]);
    for (const id of ["1", "2", "3"]) await broker.call("shop.order", { id });
    await eventually(() => expect(handled).toEqual([1, 2, 3]));
    await eventually(async () => expect(await broker.call("mails.status")).toMatchObject({ lag: 0 }));
    const subjects = ["lease", "state"].map((kind) => `orders_control.${keyName(`${kind}/`)}`);
    line.hear((said) => {
      const text = said.toString("latin1");
      const subject = /"subject":"(orders_control\.[0-9a-f]+)"/.exec(text)?.[1];
      return subject && subjects.some((start) => subject.startsWith(start)) ? withoutMessage(subject)(said) : said;
    });
    await eventually(async () => {
      await broker.call("shop.order", { id: "4" });
      expect(await broker.call("mails.status")).toMatchObject({
        state: "waiting",
        cause: expect.stringMatching(/of its control state, expected change/) as string,
      });
    }, 40_000);
    line.hear((said) => said);
    await eventually(async () => expect(await broker.call("mails.status")).toMatchObject({ lag: 0 }), 40_000);
    expect(handled).toEqual(handled.map((_, index) => index + 1));
    await broker.stop();
    await line.close();
  }, 120_000);

  it("is refused to be purged or deleted, also in a stream of an earlier version", async () => {
    const connection = await connect({ servers: server().url });
    const { streams } = await connection.jetstreamManager();
    const config = { retention: "limits", storage: "file", discard: "new", max_msgs_per_subject: 1 } as const;
    await streams.add({ ...(config as object), name: "older_control", subjects: ["older_control.*"] });
    for (const name of ["older", "newer"]) {
      const log = logOn(server().url, name);
      await log.open();
      await log.control.put("key", 1, 0);
      await log.control.put("key", undefined, 1);
      await log.close();
      await expect(streams.purge(`${name}_control`)).rejects.toThrow(/not permitted/);
      await expect(streams.deleteMessage(`${name}_control`, 1)).rejects.toThrow(/not permitted/);
    }
    await connection.close();
  });

  it("lists the keys that there are, also those that other hosts have put, removed and put again", async () => {
    const [one, other] = [logOn(server().url, "listed"), logOn(server().url, "listed")];
    const keys = async () => (await one.control.states({ prefix: "p/", limit: 1000 })).map(({ key }) => key);
    await one.open();
    await other.open();
    expect(await keys()).toEqual([]);
    for (const key of ["p/1", "p/2", "p/3"]) await other.control.put(key, key, 0);
    expect(await keys()).toEqual(["p/1", "p/2", "p/3"]);
    await other.control.put("p/2", undefined, 1);
    await one.control.put("p/3", undefined, 1);
    expect(await keys()).toEqual(["p/1"]);
    await other.control.put("p/2", "again", 0);
    expect(await keys()).toEqual(["p/1", "p/2"]);
    for (let n = 10; n < 160; n++) await other.control.put(`p/${n}`, n, 0);
    for (let n = 10; n < 150; n++) await other.control.put(`p/${n}`, undefined, 1);
    expect(await one.control.states({ prefix: "p/", after: "p/1", limit: 5 })).toHaveLength(5);
    expect(await keys()).toHaveLength(12);
    await one.close();
    await other.close();
  });

  it("ends the start of a host where its stream is gone", async () => {
    const log = logOn(server().url, "gone");
    await log.open();
    await log.control.put("key", 1, 0);
    await log.close();
    const connection = await connect({ servers: server().url });
    const { streams } = await connection.jetstreamManager();
    await streams.delete("gone_control");
    await connection.close();
    for (let start = 1; start <= 2; start++) {
      const error = await refusal(() => logOn(server().url, "gone").open());
      expect(error).toMatchObject({ type: "UNUSABLE_STORE", retryable: false });
      expect(error.message).toMatch(/found the log, but not its control state, .*begin: "anew"/);
    }
    const again = logOn(server().url, "gone", "&begin=anew");
    await again.open();
    expect(await again.control.get("key")).toBeNull();
    await again.close();
  });

  it("is not entrusted to replicas of an old server, which one replica is warned of", async () => {
    const line = await FaultyLine.to(server().url);
    line.hear((said) =>
      Buffer.from(said.toString("latin1").replace(/"version":"[\d.]+"/, '"version":"2.9.10"'), "latin1"),
    );
    const error = await refusal(() => logOn(line.url, "old", "&replicas=3").open());
    expect(error).toMatchObject({ type: "UNUSABLE_STORE", retryable: false });
    expect(error.message).toMatch(/found nats-server 2\.9\.10, expected 2\.10\.23 or newer for replicas=3/);
    const lines = new LogLines({});
    const events = EventStore("old", { adapter: `${line.url}?folder=${newFolder()}` });
    const broker = await startBroker([{ name: "shop", mixins: [events.mixin()] }], { logger: lines });
    expect(lines.of("warn", /found nats-server 2\.9\.10, which is safe only without replicas/)).toHaveLength(1);
    await broker.stop();
    await line.close();
  });
});
