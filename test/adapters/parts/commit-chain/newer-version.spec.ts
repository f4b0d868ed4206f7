import { ChainedLog } from "../../../../adapters/parts/commit-chain/chained-log.ts";
import { appended, appendTo } from "../../../../testing/event-log/requests.ts";
import { everything } from "../../../../testing/event-log/log-fixture.ts";
import { cleanUp, newFolder, refusal } from "../../../support/broker.ts";
import { MemoryChain, MemoryServer } from "./memory-chain.ts";

afterEach(cleanUp);

async function opened(server: MemoryServer): Promise<ChainedLog> {
  const log = new ChainedLog(new MemoryChain(server), `${newFolder()}/x.index.db`);
  await log.open();
  return log;
}

/** What a newer version would add as the next record, made from the last one. */
const newer: Record<string, (last: Record<string, unknown>) => object> = {
  "of another format": (last) => ({ ...last, format: 2 }),
  "with a need": (last) => ({ ...last, needs: ["encryption"] }),
  "of another kind": (last) => ({ ...last, change: { forget: { stream: "a" } } }),
  "of another shape": ({ format, id }) => ({ format, id, batch: [] }),
};

/** Adds a record of a newer version to the chain of this server; returns its number. */
function addNewer(server: MemoryServer, make: (last: Record<string, unknown>) => object): number {
  const [head, ...rest] = server.records.at(-1)!.split("\n");
  const last = JSON.parse(head!) as Record<string, unknown>;
  const added = make({ ...last, id: "00000000-0000-4000-8000-000000000001", after: last["id"] });
  return server.records.push([JSON.stringify(added), ...rest].join("\n"));
}

const refused = (number: number) => ({
  type: "UNUSABLE_STORE",
  message: expect.stringMatching(
    new RegExp(`memory chain: written by a newer version of moleculer-event-sourcing: .* of record ${number}: found `),
  ),
});

describe("A record of a newer version", () => {
  it.each(Object.entries(newer))("%s is not passed over, and nothing is added after it", async (_, make) => {
    const server = new MemoryServer();
    const log = await opened(server);
    await appended(log, appendTo("a"));
    const number = addNewer(server, make);
    expect(await refusal(() => log.append([appendTo("b")]))).toMatchObject(refused(number));
    expect(await refusal(() => log.head())).toMatchObject(refused(number));
    expect(await refusal(() => log.links.add("links", []))).toMatchObject(refused(number));
    expect(server.records).toHaveLength(number);
    await log.close();
    expect(await refusal(() => opened(server))).toMatchObject(refused(number));
  });

  it("may have fields that this version passes over, if it needs none of them", async () => {
    const server = new MemoryServer();
    const log = await opened(server);
    await appended(log, appendTo("a"));
    addNewer(server, (last) => ({
      ...last,
      hint: "none",
      change: { link: { stream: "links", ids: [] } },
    }));
    await appended(log, appendTo("b"));
    expect((await everything(log)).map(({ stream }) => stream)).toEqual(["a", "b"]);
    await log.close();
  });
});

describe("A record without a format number", () => {
  it("is refused, and not called one of a newer version", async () => {
    const server = new MemoryServer();
    const log = await opened(server);
    await appended(log, appendTo("a"));
    const number = addNewer(server, (last) => ({ ...last, format: undefined }));
    const message = `memory chain: format of record ${number}: found undefined, expected the number 1: the value has no format number, and was written by another program or by a build before the first release`;
    const unusable = { type: "UNUSABLE_STORE", message };
    expect(await refusal(() => log.append([appendTo("b")]))).toMatchObject(unusable);
    expect(await refusal(() => log.head())).toMatchObject(unusable);
    expect(server.records).toHaveLength(number);
    await log.close();
    expect(await refusal(() => opened(server))).toMatchObject(unusable);
  });
});

describe("Control state of a newer version", () => {
  it("is neither read nor overwritten, a lease included", async () => {
    const server = new MemoryServer();
    const log = await opened(server);
    await log.control.put("at", 1, 0);
    await log.control.acquireLease("pump", "one", 60_000);
    for (const [key, { text, number }] of server.cells)
      if (text?.startsWith("{")) server.cells.set(key, { text: text.replace('"$format":1', '"$format":2'), number });
    const unusable = {
      type: "UNUSABLE_STORE",
      message: expect.stringContaining("written by a newer version of moleculer-event-sourcing"),
    };
    expect(await refusal(() => log.control.get("at"))).toMatchObject(unusable);
    expect(await refusal(() => log.control.states({ prefix: "", limit: 10 }))).toMatchObject(unusable);
    expect(await refusal(() => log.control.put("at", 2, 1))).toMatchObject(unusable);
    expect(await refusal(() => log.control.put("at", 2, 0))).toMatchObject(unusable);
    expect(await refusal(() => log.control.acquireLease("pump", "two", 60_000))).toMatchObject(unusable);
    await log.close();
  });
});
