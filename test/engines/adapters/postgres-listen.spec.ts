import { randomUUID } from "node:crypto";
import { postgresFromString } from "../../../adapters/postgres/connection-string.ts";
import { postgres } from "../../../adapters/postgres/postgres.ts";
import { EventStore } from "../../../index.ts";
import { appended, appendTo } from "../../../testing/event-log/requests.ts";
import { cleanUp, eventually, refusal, startBroker } from "../../support/broker.ts";
import { describeWith, freePort } from "../../support/engines.ts";
import { FaultyLine } from "../../support/faulty-line.ts";

afterEach(cleanUp);

describeWith("postgres", "A log in PostgreSQL that is listened to", (server) => {
  it("tells of other hosts' commits, and again after its server was away", async () => {
    const name = randomUUID();
    const ours = postgres(server().url, { listen: server().url }).eventLog!(name);
    const other = postgres(server().url, { listen: server().url }).eventLog!(name);
    const said = postgresFromString(`${server().url}?listen=${encodeURIComponent(server().url)}`);
    expect(said.location).toBe(postgres(server().url).location);
    const heard: number[] = [];
    ours.watch!((position) => heard.push(position));
    await ours.open();
    await other.open();
    let head = 0;
    const hears = () =>
      // What is said before somebody listens is not heard.
      eventually(async () => {
        head = (await appended(other, appendTo("thing-1")))[0]!.position;
        if (!heard.includes(head - 1)) throw new Error(`heard ${heard.join()}, not ${head - 1}`);
      });
    await hears();
    await server().kill();
    await server().start();
    heard.length = 0;
    await hears();
    await ours.close();
    await other.close();
  });

  it("wakes the node's own consumers and no others'", async () => {
    const listen = server().url;
    const name = `events-${randomUUID()}`;
    const service = () => ({
      name: "keeper",
      mixins: [EventStore(name, { adapter: postgres(listen, { listen }) }).mixin()],
    });
    const hinted: number[] = [];
    const watch = {
      name: "watch",
      events: { [`$${name}.appended`]: ({ params }: { params: { position: number } }) => hinted.push(params.position) },
    };
    await startBroker([service(), watch], { nodeID: "one" });
    const other = await startBroker([service()], { nodeID: "other" });
    await eventually(async () => {
      await other.call(`${name}.append`, { stream: "thing-1", events: [{ type: "thing.added", payload: {} }] });
      if (hinted.length === 0) throw new Error("nothing was heard");
    });
    expect(hinted[0]).toBeGreaterThan(0);
  });

  it("does not open where it could not listen, and says which of the two ways it was", async () => {
    const at = (listen: string) => postgres(server().url, { listen }).eventLog!(randomUUID());
    const nowhere = new URL(server().url);
    nowhere.port = String(await freePort());
    expect(await refusal(() => at(nowhere.href).open())).toMatchObject({
      type: "STORE_UNAVAILABLE",
      message: expect.stringContaining("as `listen` names it: the server does not respond"),
    });
    nowhere.port = new URL(server().url).port;
    nowhere.pathname = "/missing";
    expect(await refusal(() => at(nowhere.href).open())).toMatchObject({
      type: "UNUSABLE_STORE",
      message: expect.stringMatching(/as `listen` names it.*the database does not exist/),
    });
  });

  it("says that nobody answers where it would listen, opens when somebody does, and closes when nobody does again", async () => {
    const line = await FaultyLine.to(server().url);
    const log = postgres(server().url, { listen: line.url }).eventLog!(randomUUID());
    line.hear((said) => (said.includes("LISTEN") ? Buffer.alloc(0) : said));
    expect(await refusal(() => log.open())).toMatchObject({
      type: "STORE_UNAVAILABLE",
      message: expect.stringContaining("as `listen` names it: the server does not respond"),
    });
    line.hear((said) => said);
    await log.open();
    line.hear(() => Buffer.alloc(0));
    await log.close();
    await line.close();
  });

  it("refuses to listen to what is no such server", async () => {
    expect(await refusal(() => postgres(server().url, { listen: "nats://ann:secret@there" }))).toMatchObject({
      message: expect.stringMatching(/adapter\.listen.*nats:\/\/ann:\*\*\*@there/),
    });
  });
});
