import { randomUUID } from "node:crypto";
import { copyFileSync, existsSync } from "node:fs";
import { MongoClient } from "mongodb";
import { connect } from "nats";
import { appendTo } from "../../../testing/event-log/requests.ts";
import { everything } from "../../../testing/event-log/log-fixture.ts";
import { startCli } from "../../cli/cli-process.ts";
import { endCopies, logAt, open, sqliteIn } from "../../cli/copy-cases.ts";
import { newFolder, refusal, startBroker } from "../../support/broker.ts";
import { describeWith } from "../../support/engines.ts";

afterEach(endCopies);

/** What a server may lose: the log with its control state, the log alone, or its last records. */
type Loss = "everything" | "the commits" | "the end";

interface Server {
  /** A place of its own for the log of the store `shopEvents`. */
  place: (id: string) => string;
  lose: (id: string, what: Loss) => Promise<void>;
}

const restore = (index: string, to: string, ...more: string[]) =>
  startCli(["restore", index, to, "--name", "shopEvents", ...more]);

function restores({ place, lose }: Server): void {
  const placeIn = (id: string, folder: string) => `${place(id)}${place(id).includes("?") ? "&" : "?"}folder=${folder}`;
  const indexIn = (id: string, folder: string) =>
    `${folder}/${place(id).includes("prefix") ? `${id}-` : ""}shopEvents.index.db`;

  /** A log of 20 events in as many commits and a link, with one state, whose host has stopped. */
  async function stopped() {
    const [id, folder] = [randomUUID(), newFolder()];
    const to = placeIn(id, folder);
    const log = logAt(to);
    await log.open();
    for (let n = 0; n < 20; n++) await log.append([appendTo(`s-${n % 3}`)]);
    const events = await everything(log);
    await log.links.add("links", [events[4]!.id, events[2]!.id]);
    await log.control.put("checkpoint", 20, 0);
    await log.close();
    return { id, folder, to, index: indexIn(id, folder), events };
  }

  it.each<[Loss, RegExp]>([
    ["everything", /found no log there, but its index .*shopEvents\.index\.db has 20 events of log/],
    ["the commits", /found no log there, but its index .*shopEvents\.index\.db has 20 events of log/],
    ["the end", /found \d+ events, expected 20: the server has lost acknowledged commits/],
  ])("puts back a log after the loss of %s, for every host", async (what, why) => {
    const { id, folder, to, index, events } = await stopped();
    const other = newFolder();
    copyFileSync(index, indexIn(id, other));
    await lose(id, what);
    const error = await refusal(() => logAt(to).open());
    expect(error).toMatchObject({ type: "UNUSABLE_STORE", retryable: false });
    expect(error.message).toMatch(why);
    expect(error.message).toContain("npx moleculer-event-sourcing restore <index> <to> --name <store>");

    const ended = await restore(index, place(id));
    expect(ended).toMatchObject({ code: 0, errors: "" });
    expect(ended.output).toContain("The log is restored: it contains every event and link of the index, 20 events.");
    const hasState = what !== "everything";
    expect(ended.output).toContain(hasState ? "Its control state is unchanged" : "It has no control state");
    for (const at of [to, placeIn(id, other), placeIn(id, newFolder())]) {
      const log = logAt(at);
      await log.open();
      expect(await everything(log)).toEqual(events);
      expect(await log.readStream("links", { afterVersion: 0, limit: 10 })).toMatchObject([
        { id: events[4]!.id },
        { id: events[2]!.id },
      ]);
      expect(await log.control.get("checkpoint")).toEqual(hasState ? { value: 20, revision: 1 } : null);
      await log.close();
    }
    expect(await restore(indexIn(id, folder), place(id))).toMatchObject({ code: 0, errors: "" });
  });

  it("is not needed where an empty log may be begun", async () => {
    const { id, to, index } = await stopped();
    await lose(id, "everything");
    const log = logAt(`${to}&begin=anew`);
    await log.open();
    expect(await everything(log)).toEqual([]);
    await log.append([appendTo("a")]);
    await log.close();
    const ended = await restore(index, place(id));
    expect(ended).toMatchObject({ code: 0 });
    expect(ended.output).toContain("The log has 1 events; the index has 1.");
  });

  it("refuses a log that has gone on, and another one, and writes nothing", async () => {
    const { id, to, index } = await stopped();
    const kept = `${newFolder()}/kept.index.db`;
    copyFileSync(index, kept);
    await lose(id, "the end");
    const log = logAt(`${to}&begin=anew`);
    await log.open();
    for (let n = 0; n < 20; n++) await log.append([appendTo("other")]);
    const events = await everything(log);
    await log.close();
    const ended = await restore(kept, place(id));
    expect(ended).toMatchObject({ code: 1 });
    expect(ended.errors).toMatch(
      /event 20: found [-\w]+, expected [-\w]+ as in the index: the log has stored other events/,
    );
    await log.open();
    expect(await everything(log)).toEqual(events);
    await log.close();

    const another = await stopped();
    const refused = await restore(kept, place(another.id));
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.errors).toMatch(/found log [-\w]+, expected none or log [-\w]+ of the index/);

    const file = sqliteIn(newFolder(), "rescued");
    expect(await restore(kept, file)).toMatchObject({ code: 0, errors: "" });
    const rescued = logAt(file);
    await rescued.open();
    expect(await everything(rescued)).toHaveLength(20);
    await rescued.close();
  });

  it("is what the consumers of a store go on with", async () => {
    const [id, folder] = [randomUUID(), newFolder()];
    const to = placeIn(id, folder);
    const { broker } = await open(to, folder);
    for (let n = 1; n <= 5; n++) await broker.call("shop.order", { order: `o${n}`, amount: n });
    await broker.stop();
    await (await open(to, folder)).broker.stop();
    await lose(id, "the commits");
    const { shop } = await import("../../cli/shop.ts");
    const error = await refusal(() => startBroker([shop(to, folder, { folded: [], handled: [] })]));
    expect(error).toMatchObject({ type: "UNUSABLE_STORE" });
    expect(await restore(indexIn(id, folder), place(id))).toMatchObject({ code: 0 });
    const again = await open(to, folder);
    await again.broker.call("shop.order", { order: "new", amount: 100 });
    await again.broker.stop();
    const handled = (await open(to, folder)).doings.handled;
    expect([...again.doings.handled, ...handled].map(({ position }) => position)).toEqual([6]);
  });
}

describeWith("nats-server", "A restoration on NATS JetStream", (server) => {
  restores({
    place: (id) => `${server().url}?prefix=${id}-`,
    lose: async (id, what) => {
      const connection = await connect({ servers: server().url });
      const { streams } = await connection.jetstreamManager();
      const name = `${id}-shopEvents_commits`;
      const { config, state } = await streams.info(name);
      const left = what === "the end" ? state.last_seq - 6 : 0;
      const records: Uint8Array[] = [];
      for (let seq = 1; seq <= left; seq++) records.push((await streams.getMessage(name, { seq })).data);
      await streams.delete(name);
      if (what === "everything") await streams.delete(`${id}-shopEvents_control`);
      if (left > 0) await streams.add(config);
      for (const record of records) await connection.jetstream().publish(name, record);
      await connection.close();
    },
  });
});

describeWith("mongodb", "A restoration on MongoDB", (server) => {
  restores({
    place: (id) => `${server().url}/${id}`,
    lose: async (id, what) => {
      const client = new MongoClient(server().url);
      const database = client.db(id);
      const commits = database.collection<{ _id: number }>("shopEvents_commits");
      const last = await commits.countDocuments();
      if (what === "the end") await commits.deleteMany({ _id: { $gt: last - 6 } });
      else await commits.drop();
      if (what === "everything") await database.collection("shopEvents_control").drop();
      await client.close();
    },
  });
});

describe("The arguments of a restoration", () => {
  it.each([
    ["a file that is not there", ["/nowhere/x.index.db", "sqlite:to.db"], "/nowhere/x.index.db: found no log there"],
    ["no store", ["x.index.db", "nats://localhost:4222"], "restore: found no --name, expected the event store's name"],
    ["one place", ["x.index.db"], "restore: found 1 place, expected two: <index> <to>"],
  ])("are refused with %s", async (_, args, why) => {
    const ended = await startCli(["restore", ...args]);
    expect(ended.code).not.toBe(0);
    expect(ended.errors).toContain(why);
  });

  it("are refused with a file that is no index, which is left as it is", async () => {
    const folder = newFolder();
    const log = logAt(sqliteIn(folder, "log"));
    await log.open();
    await log.close();
    const ended = await startCli(["restore", `${folder}/log.db`, sqliteIn(folder, "to")]);
    expect(ended).toMatchObject({ code: 1 });
    expect(ended.errors).toContain("found no index of a log, expected one");
    expect(existsSync(`${folder}/to.db`)).toBe(false);
  });
});
