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
import { ChainedLog } from "../../../../adapters/parts/commit-chain/chained-log.ts";
import { StoreUnavailableError } from "../../../../core/errors/errors.ts";
import type { Building } from "../../../../core/log/event-log.ts";
import { appended, appendTo, many } from "../../../../testing/event-log/requests.ts";
import { everything } from "../../../../testing/event-log/log-fixture.ts";
import { cleanUp, eventually, newFolder, refusal } from "../../../support/broker.ts";
import { MemoryChain, MemoryServer } from "./memory-chain.ts";

afterEach(cleanUp);

async function opened(server: MemoryServer, path: string, begin?: "anew"): Promise<ChainedLog> {
  const log = new ChainedLog(new MemoryChain(server), path, begin);
  await log.open();
  return log;
}

/** A chain of some commits whose host has ended; returns its content and the path of its index. */
async function ended(server = new MemoryServer(), path = `${newFolder()}/x.index.db`) {
  const log = await opened(server, path);
  await log.append([appendTo("a", many(50))]);
  await log.append([appendTo("b-1"), appendTo("a")]);
  const events = await everything(log);
  await log.close();
  return { server, path, events };
}

/** Longer than one page of records. */
async function longChain(): Promise<MemoryServer> {
  const server = new MemoryServer();
  const log = await opened(server, `${newFolder()}/long.index.db`);
  for (let n = 0; n < 1100; n++) await log.append([appendTo("a")]);
  await log.close();
  return server;
}

/** The content that a restarted host reads, and appends to. */
async function foundAgain({ server, path }: Awaited<ReturnType<typeof ended>>, stream = "a", expectedVersion = 51) {
  const log = await opened(server, path);
  const events = await everything(log);
  const [next] = await appended(log, appendTo(stream, many(1), { expectedVersion }));
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

  it("says how far it is while it is made and while it is made again", async () => {
    const server = await longChain();
    const path = `${newFolder()}/x.index.db`;
    let whileOpen: number | undefined;
    const chain = new MemoryChain(server, (moment, call) => {
      if (moment === "before" && call === "read") whileOpen ??= log.building?.done;
    });
    const log = new ChainedLog(chain, path);
    const steps: Building[] = [];
    await log.open({ onProgress: (building) => void steps.push(building) });
    expect(steps).toEqual([500, 1000].map((done) => ({ done, total: 1101 })));
    expect(log.building).toBeNull();
    for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix);
    whileOpen = undefined;
    await eventually(async () => {
      await log.read({ after: 0, limit: 1 });
      expect(whileOpen).toBe(500);
    });
    expect(log.building).toBeNull();
    expect(await log.head()).toBe(1100);
    await log.close();
  });

  it("is open again after its making was given up, from where it was", async () => {
    const server = await longChain();
    const log = new ChainedLog(new MemoryChain(server), `${newFolder()}/x.index.db`);
    const given = new StoreUnavailableError("x", "is stopping");
    const onProgress = ({ done }: Building) => {
      if (done === 1000) throw given;
    };
    expect(await refusal(() => log.open({ onProgress }))).toBe(given);
    const steps: Building[] = [];
    await log.open({ onProgress: (building) => void steps.push(building) });
    expect([steps, await log.head()]).toEqual([[], 1100]);
    await log.close();
  });

  it("answers after a making that failed half-way", async () => {
    const { server, path } = await ended();
    const hosted = new MemoryChain(server, (moment, call) => {
      if (moment === "before" && call === "read" && isAway) throw new StoreUnavailableError("server", "no answer");
    });
    let isAway = false;
    const log = new ChainedLog(hosted, path);
    await log.open();
    for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix);
    isAway = true;
    await eventually(async () => expect(await refusal(() => log.identity())).toMatchObject({ retryable: true }));
    isAway = false;
    expect(await log.head()).toBe(52);
    await log.close();
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
    // The first record, for the identity, and the last one that it knows.
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

  it("is rebuilt while in use if it turns out to be damaged", async () => {
    const server = new MemoryServer();
    const path = `${newFolder()}/x.index.db`;
    const log = new ChainedLog(new MemoryChain(server, undefined, 5_000_000), path);
    await log.open();
    // More than SQLite caches of a file.
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

  it("of a second host is next to it, and of a third; another program's file is left alone", async () => {
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

describe("An index that has more than the server", () => {
  const losses: Record<string, { lose: (server: MemoryServer) => unknown; why: RegExp; left: number }> = {
    "lost everything": {
      lose: (server) => Object.assign(server, new MemoryServer()),
      why: /found no log there, but its index .*x\.index\.db has 52 events of log .*restore <index> <to>.*begin=anew/,
      left: 0,
    },
    "lost its commits": {
      lose: (server) => (server.records = []),
      why: /found no log there, but its index .*x\.index\.db has 52 events/,
      left: 0,
    },
    "was put back to an earlier state": {
      lose: (server) => server.records.pop(),
      why: /found 50 events, expected 52: the server has lost .*restore <index> <to>.*begin=anew/,
      left: 50,
    },
    "went on from an earlier state": {
      lose: async (server) => {
        server.records.pop();
        const other = await opened(server, `${newFolder()}/y.index.db`);
        await other.append([appendTo("c", many(3))]);
        await other.close();
      },
      why: /event 52: found [-\w]+, expected [-\w]+: the server has lost/,
      left: 53,
    },
    "lost a link": {
      lose: async (server) => {
        const { records } = server;
        const at = records.findIndex((record) => record.includes('"link"'));
        const { after } = JSON.parse(records[at]!) as { after: string };
        const { id } = JSON.parse(records.splice(at, 1)[0]!) as { id: string };
        server.records = records.map((record) => record.replace(`"after":"${id}"`, `"after":"${after}"`));
        // The last record has another id.
        server.records.push(server.records.pop()!.replace(/"id":"[^"]+"/, '"id":"other"'));
      },
      why: /found no link 1 of stream "links"/,
      left: 52,
    },
    "has another log": {
      lose: async (server) => {
        Object.assign(server, new MemoryServer());
        const other = await opened(server, `${newFolder()}/y.index.db`);
        await other.append([appendTo("c", many(3))]);
        await other.close();
      },
      why: /found log [-\w]+, expected [-\w]+ with 52 events: the server has lost/,
      left: 3,
    },
  };

  async function withLinks() {
    const server = new MemoryServer();
    const path = `${newFolder()}/x.index.db`;
    const log = await opened(server, path);
    const [first] = await appended(log, appendTo("a", many(50)));
    await log.links.add("links", [first!.id]);
    await log.append([appendTo("b-1"), appendTo("a")]);
    await log.close();
    return { server, path };
  }

  it.each(Object.entries(losses))(
    "is kept where that %s, until it may be disregarded",
    async (_, { lose, why, left }) => {
      const { server, path } = await withLinks();
      await lose(server);
      const before = [...server.records];
      for (let start = 1; start <= 2; start++) {
        const error = await refusal(() => opened(server, path));
        expect(error).toMatchObject({ type: "UNUSABLE_STORE", retryable: false });
        expect(error.message).toMatch(why);
      }
      expect(server.records).toEqual(before);
      const log = await opened(server, path, "anew");
      expect(await log.head()).toBe(left);
      await log.append([appendTo("d")]);
      await log.close();
      // It has no effect if the log exists.
      const again = await opened(server, path, "anew");
      expect(await again.head()).toBe(left + 1);
      await again.close();
      expect(await foundAgain({ server, path, events: [] }, "d", 1)).toMatchObject({ next: left + 2 });
    },
  );

  it("is rebuilt if the server has all of it from other commits", async () => {
    const { server, path, events } = await ended();
    const copy = new MemoryServer();
    const [source, target] = [await opened(server, path), new ChainedLog(new MemoryChain(copy), `${newFolder()}/y.db`)];
    await target.open({ identity: await source.identity() });
    for (const event of events) {
      const { id, type, stream, payload } = event;
      await target.append([appendTo(stream, [{ id, type, payload }])]);
    }
    await source.close();
    await target.close();
    const log = await opened(copy, path);
    expect((await everything(log)).map(({ id }) => id)).toEqual(events.map(({ id }) => id));
    await log.close();
  });

  it("without events is rebuilt", async () => {
    const path = `${newFolder()}/x.index.db`;
    await (await opened(new MemoryServer(), path)).close();
    const log = await opened(new MemoryServer(), path);
    expect(await log.head()).toBe(0);
    await log.close();
  });
});

describe("A host without an index", () => {
  const lostLog = async (lose: (server: MemoryServer) => void) => {
    const { server, path } = await ended();
    const log = await opened(server, path);
    await log.control.put("checkpoint", 52, 0);
    await log.close();
    lose(server);
    return server;
  };

  it("begins no log where control state of one is left, until it may be disregarded", async () => {
    const server = await lostLog((server) => (server.records = []));
    const path = `${newFolder()}/x.index.db`;
    const error = await refusal(() => opened(server, path));
    expect(error).toMatchObject({ type: "UNUSABLE_STORE", retryable: false });
    expect(error.message).toMatch(/found no log there, but control state of log [-\w]+, up to change 2:/);
    expect(server.records).toEqual([]);
    const log = await opened(server, path, "anew");
    expect([await log.head(), await log.control.get("checkpoint")]).toEqual([0, null]);
    await log.close();
    await (await opened(server, `${newFolder()}/x.index.db`)).close();
  });

  it("opens no log whose control state is gone, until it may begin again", async () => {
    const server = await lostLog((server) => {
      server.cells.clear();
      server.changes = 0;
    });
    const path = `${newFolder()}/x.index.db`;
    const error = await refusal(() => opened(server, path));
    expect(error).toMatchObject({ type: "UNUSABLE_STORE", retryable: false });
    expect(error.message).toMatch(/found the log, but not its control state, .*begin=anew/);
    const log = await opened(server, path, "anew");
    expect([await log.head(), await log.control.get("checkpoint")]).toEqual([52, null]);
    await log.close();
    await (await opened(server, path)).close();
  });

  it.each(["cells.last", "cells.get"])(
    "opens the log that another host marks just after its call of %s",
    async (at) => {
      const server = new MemoryServer();
      const chain = new MemoryChain(server, (moment, call) => {
        if (moment === "after" && call === at && server.changes === 0)
          server.cells.set("log", { text: "other", number: ++server.changes });
      });
      const log = new ChainedLog(chain, `${newFolder()}/x.index.db`);
      await log.open();
      expect(await log.identity()).toBe("other");
      await log.close();
    },
  );

  it("goes on with a log that another host died over when it had just begun it", async () => {
    const server = new MemoryServer();
    let isDead = false;
    const dying = new MemoryChain(server, (moment, call) => {
      isDead ||= moment === "before" && call === "add";
      if (isDead) throw new Error("killed");
    });
    await refusal(() => new ChainedLog(dying, `${newFolder()}/x.index.db`).open());
    expect([server.changes, server.records.length]).toEqual([1, 0]);
    const hosts = await Promise.all([1, 2, 3].map(() => opened(server, `${newFolder()}/x.index.db`)));
    for (const log of hosts) await log.append([appendTo("a")]);
    expect(await hosts[0]!.head()).toBe(3);
    for (const log of hosts) await log.close();
  });
});

describe("A chain that lost acknowledged commits while it is in use", () => {
  it("is refused, with instructions", async () => {
    const server = new MemoryServer();
    const log = await opened(server, `${newFolder()}/x.index.db`);
    await log.append([appendTo("a")]);
    await log.append([appendTo("a")]);
    server.records.pop();
    await expect(log.append([appendTo("a")])).rejects.toThrow(/record 3 is missing or has changed/);
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
