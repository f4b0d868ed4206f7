import { MongoClient } from "mongodb";
import { mongoFromString } from "../../adapters/mongodb/connection-string.ts";
import { appendTo } from "../../testing/event-log/requests.ts";
import { cleanUp, newFolder, refusal } from "../support/broker.ts";
import { describeWith } from "../support/engines.ts";
import { checkSharedLog } from "./chains.ts";

const logOn = (url: string, name: string) => mongoFromString(`${url}?folder=${newFolder()}`).eventLog!(name);

describeWith("mongodb", "A log in MongoDB", (server) => {
  afterEach(cleanUp);
  checkSharedLog({
    server,
    log: (url, name) => mongoFromString(url).eventLog!(name),
    inProcess: new URL("../engines/contract/mongodb-port.ts", import.meta.url).href,
  });

  it("is refused if a commit was deleted, and names it", async () => {
    const log = logOn(server().url, "holed");
    await log.open();
    for (let n = 0; n < 3; n++) await log.append([appendTo("a")]);
    await log.close();
    const client = new MongoClient(server().url);
    await client.db("moleculer_event_sourcing").collection<{ _id: number }>("holed_commits").deleteOne({ _id: 3 });
    await client.close();
    const error = await refusal(() => logOn(server().url, "holed").open());
    expect(error).toMatchObject({ type: "UNUSABLE_STORE", retryable: false });
    expect(error.message).toMatch(/found commit 4, expected 3/);
  });

  it("takes nothing more from a host that runs while its collection is dropped", async () => {
    const log = logOn(server().url, "dropped");
    await log.open();
    await log.append([appendTo("a")]);
    const client = new MongoClient(server().url);
    const commits = client.db("moleculer_event_sourcing").collection("dropped_commits");
    await commits.drop();
    for (let n = 0; n < 3; n++) {
      const error = await refusal(() => log.append([appendTo("a")]));
      expect(error).toMatchObject({ type: "UNUSABLE_STORE", retryable: false });
      expect(error.message).toMatch(/commit 2 is missing: the server has lost acknowledged commits/);
    }
    expect(await commits.countDocuments()).toBe(0);
    await client.close();
    expect(await log.head()).toBe(1);
    await log.close();
  });

  it("is an outage where no server answers", async () => {
    const error = await refusal(() => logOn("mongodb://127.0.0.1:1", "events").open());
    expect(error).toMatchObject({ type: "STORE_UNAVAILABLE", retryable: true });
  });

  it("refuses what is no URL, and options that the driver does not know", async () => {
    expect(() => mongoFromString("mongodb:")).toThrow(/found "mongodb:", expected the URL of a server/);
    for (const option of ["replicas=3", "foldr=x", "w="]) {
      const error = await refusal(() => mongoFromString(`${server().url}/?${option}`).eventLog!("events").open());
      expect(error).toMatchObject({ type: "UNUSABLE_STORE", retryable: false });
      expect(error.message).toMatch(
        /^mongodb:\/\/127.0.0.1:\d+\/\w+\/events: the driver rejects the URL or an option: /,
      );
      expect(error.message).toContain(option.split("=")[0]);
    }
  });
});
