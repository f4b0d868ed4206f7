import {
  copyFileSync,
  existsSync,
  openSync,
  closeSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import Database from "better-sqlite3";
import { ChainedLog } from "../../../adapters/chain/chained-log.ts";
import { appended, appendTo, many } from "../../../testing/event-log/requests.ts";
import { everything } from "../../../testing/event-log/log-stand.ts";
import { cleanUp, eventually, newFolder } from "../../support/broker.ts";
import { MemoryChain, MemoryServer } from "./memory-chain.ts";

afterEach(cleanUp);

async function opened(server: MemoryServer, path: string): Promise<ChainedLog> {
  const log = new ChainedLog(new MemoryChain(server), path);
  await log.open();
  return log;
}

/** A chain of some commits, whose host has ended; what is in it, and where its index stands. */
async function ended(server = new MemoryServer(), path = `${newFolder()}/x.index.db`) {
  const log = await opened(server, path);
  await log.append([appendTo("a", many(50))]);
  await log.append([appendTo("b-1"), appendTo("a")]);
  const events = await everything(log);
  await log.close();
  return { server, path, events };
}

/** What a host that is started again finds, who then goes on from there. */
async function foundAgain({ server, path }: Awaited<ReturnType<typeof ended>>) {
  const log = await opened(server, path);
  const events = await everything(log);
  const [next] = await appended(log, appendTo("a", many(1), { expectedVersion: 51 }));
  await log.close();
  return { events, next: next?.position };
}

describe("The index of a chain", () => {
  const removals: Record<string, (path: string) => void> = {
    "its file": (path) => rmSync(path),
    "its -wal": (path) => rmSync(`${path}-wal`),
    "its lock": (path) => rmSync(`${path}.lock`),
    "all of it": (path) => {
      for (const suffix of ["", "-wal", "-shm", ".lock"]) rmSync(path + suffix);
    },
    "its file by another": (path) => {
      copyFileSync(path, `${path}.copy`);
      renameSync(`${path}.copy`, path);
    },
  };

  it.each(Object.entries(removals))("is made again while its host runs, after the loss of %s", async (_, remove) => {
    const { server, path, events } = await ended();
    const log = await opened(server, path);
    remove(path);
    const answers = await eventually(async () => {
      const [next] = await appended(log, appendTo("a"));
      const isThere = existsSync(path) && existsSync(`${path}-wal`) && existsSync(`${path}.lock`);
      if (!isThere) throw new Error("not made again yet");
      return next!.position;
    });
    const found = await everything(log);
    expect(found.slice(0, events.length)).toEqual(events);
    expect(found).toHaveLength(answers);
    await log.close();
    const again = await opened(server, path);
    expect(await everything(again)).toEqual(found);
    await again.close();
  });

  it("is made beside it where another process has the place by now", async () => {
    const { server, path } = await ended();
    const log = await opened(server, path);
    for (const suffix of ["", "-wal", "-shm", ".lock"]) rmSync(path + suffix);
    const other = await opened(server, path);
    const before = statSync(path).ino;
    await eventually(async () => {
      await appended(log, appendTo("a"));
      expect(existsSync(path.replace(/\.db$/, ".2.db"))).toBe(true);
    });
    expect(statSync(path).ino).toBe(before);
    expect(await everything(other)).toEqual(await everything(log));
    await log.close();
    await other.close();
  });

  it("is used again: only what is new is read", async () => {
    const place = await ended();
    let read = 0;
    const chain = new MemoryChain(place.server);
    const reading = chain.read.bind(chain);
    chain.read = async (after, limit) => {
      const page = await reading(after, limit);
      read += page.records.length;
      return page;
    };
    const log = new ChainedLog(chain, place.path);
    await log.open();
    // The first record, for the identity, and the last that it knows.
    expect(read).toBe(2);
    await log.close();
    expect(await foundAgain(place)).toEqual({ events: place.events, next: 53 });
  });

  it("may be deleted", async () => {
    const place = await ended();
    for (const suffix of ["", "-wal", "-shm", ".lock"]) rmSync(place.path + suffix, { force: true });
    expect(await foundAgain(place)).toEqual({ events: place.events, next: 53 });
  });

  it("may be behind", async () => {
    const place = await ended();
    const old = `${newFolder()}/old.index.db`;
    copyFileSync(place.path, old);
    const further = await opened(place.server, place.path);
    await further.append([appendTo("c", many(5))]);
    const log = await opened(place.server, old);
    expect(await everything(log)).toEqual(await everything(further));
    await log.close();
    await further.close();
  });

  it.each([
    { what: "no database", spoil: (path: string) => writeFileSync(path, "nonsense".repeat(1000)) },
    { what: "empty", spoil: (path: string) => writeFileSync(path, "") },
  ])("is made anew where it is $what", async ({ spoil }) => {
    const place = await ended();
    spoil(place.path);
    expect(await foundAgain(place)).toEqual({ events: place.events, next: 53 });
  });

  it("is made anew where it is of another chain", async () => {
    const place = await ended();
    const other = await ended(new MemoryServer(), `${newFolder()}/x.index.db`);
    copyFileSync(other.path, place.path);
    expect(await foundAgain(place)).toEqual({ events: place.events, next: 53 });
  });

  it("is made anew where the chain has lost what it knows, or has something else there", async () => {
    const place = await ended();
    place.server.records.pop();
    const log = await opened(place.server, place.path);
    expect(await log.head()).toBe(50);
    await log.append([appendTo("b-2", many(2))]);
    const events = await everything(log);
    await log.close();
    expect(events).toHaveLength(52);
    place.server.records.pop();
    const other = await opened(place.server, `${newFolder()}/y.index.db`);
    await other.append([appendTo("c", many(3))]);
    await other.close();
    const again = await opened(place.server, place.path);
    expect(await again.streams({ limit: 10 })).toMatchObject([{ stream: "a" }, { stream: "c", version: 3 }]);
    await again.close();
  });

  it("is made anew while it is in use, where it turns out to be damaged", async () => {
    const server = new MemoryServer();
    const path = `${newFolder()}/x.index.db`;
    const log = new ChainedLog(new MemoryChain(server, undefined, 5_000_000), path);
    await log.open();
    // More than SQLite keeps in memory of a file.
    for (let n = 0; n < 30; n++) await log.append([appendTo("a", [{ payload: "x".repeat(1_000_000) }])]);
    const file = openSync(path, "r+");
    for (let at = 4096 * 20; at < statSync(path).size; at += 4096) writeSync(file, Buffer.alloc(4096), 0, 4096, at);
    closeSync(file);
    const seen: number[] = [];
    for (let after = 0, end = false; !end;) {
      const page = await log.read({ after, limit: 1 });
      seen.push(...page.events.map(({ payload }) => (payload as unknown as string).length));
      ({ position: after, end } = page);
    }
    expect(seen).toEqual(Array.from({ length: 30 }, () => 1_000_000));
    expect(await log.append([appendTo("a", many(1), { expectedVersion: 30 })])).toMatchObject([{ repeated: false }]);
    await log.close();
  });

  it("of a second host stands beside it, and of a third; another program's file is left alone", async () => {
    const folder = newFolder();
    const server = new MemoryServer();
    const hosts = [];
    for (let n = 0; n < 3; n++) hosts.push(await opened(server, `${folder}/x.index.db`));
    const databases = readdirSync(folder).filter((name) => name.endsWith(".db"));
    expect(databases.toSorted()).toEqual(["x.index.2.db", "x.index.3.db", "x.index.db"]);
    for (const log of hosts) await log.close();

    const path = `${folder}/other.db`;
    new Database(path).exec("CREATE TABLE mine (x)").close();
    await expect(opened(server, path)).rejects.toMatchObject({ type: "UNUSABLE_STORE" });
    expect(existsSync(path)).toBe(true);
  });
});

describe("A chain that lost acknowledged commits while it is in use", () => {
  it("is refused, and says what to do", async () => {
    const server = new MemoryServer();
    const log = await opened(server, `${newFolder()}/x.index.db`);
    await log.append([appendTo("a")]);
    await log.append([appendTo("a")]);
    server.records.pop();
    await expect(log.append([appendTo("a")])).rejects.toThrow(/record 3 is not there any more/);
    await log.close();
  });

  it("is refused where others have gone on from there", async () => {
    const server = new MemoryServer();
    const log = await opened(server, `${newFolder()}/x.index.db`);
    await log.append([appendTo("a")]);
    server.records.pop();
    const other = await opened(server, `${newFolder()}/x.index.db`);
    await other.append([appendTo("b")]);
    await other.append([appendTo("b")]);
    await expect(log.head()).rejects.toMatchObject({ type: "UNUSABLE_STORE" });
    await log.close();
    await other.close();
  });
});

describe("A chain of something else", () => {
  it.each([
    { what: "of another program", record: "hello" },
    { what: "without a beginning", record: '{"id":"1","after":"","change":{"link":{"stream":"a","ids":[]}}}' },
    { what: "of a newer version", record: '{"id":"1","after":"","change":{"begin":{"identity":"i","format":2}}}' },
  ])("is refused: $what", async ({ record }) => {
    const server = new MemoryServer();
    server.records.push(record);
    await expect(opened(server, `${newFolder()}/x.index.db`)).rejects.toMatchObject({ type: "UNUSABLE_STORE" });
  });
});
