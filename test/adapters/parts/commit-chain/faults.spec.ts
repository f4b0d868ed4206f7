import { StoreUnavailableError, UnusableStoreError } from "../../../../core/errors/errors.ts";
import type { EventLog } from "../../../../core/log/event-log.ts";
import type { RecordedEvent } from "../../../../core/event/recorded-event.ts";
import { ChainedLog } from "../../../../adapters/parts/commit-chain/chained-log.ts";
import { appended, appendTo, many } from "../../../../testing/event-log/requests.ts";
import { everything } from "../../../../testing/event-log/log-fixture.ts";
import { randomFrom } from "../../../../testing/kit/random.ts";
import { cleanUp, newFolder } from "../../../support/broker.ts";
import { MemoryChain, MemoryServer, type OnCall } from "./memory-chain.ts";

afterEach(cleanUp);

const open = async (server: MemoryServer, folder: string, onCall?: OnCall, maxBytes?: number) => {
  const log = new ChainedLog(new MemoryChain(server, onCall, maxBytes), `${folder}/x.index.db`);
  await log.open();
  return log;
};

const numbers = (events: readonly RecordedEvent[]) => events.map(({ position }) => position);
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

/** Fixed ids, like those of a caller that will send again. */
const id = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
const append = (log: EventLog, number: number) =>
  appended(
    log,
    appendTo("a", [{ id: id(number * 2) }], {
      claims: [{ scope: "name", definition: "v1", changes: [{ value: `name ${number}`, claimed: true }] }],
    }),
    appendTo(`b-${number}`, [{ id: id(number * 2 + 1), type: "other", payload: { text: "x".repeat(200) } }]),
  );

const steps: ((log: EventLog) => Promise<unknown>)[] = [
  (log) => log.claims.begin("name", "v1", ["thing.happened"]),
  (log) => append(log, 1),
  (log) => log.links.add("links", [id(2), id(3)]),
  (log) => append(log, 2),
  (log) => log.links.add("links", [id(2), id(4)]),
  (log) => append(log, 3),
];

class Killed extends Error {}

/**
 * A host that is killed at the call with this number, before or after the server has processed it: it does nothing
 * afterwards.
 */
function killedAt(number: number) {
  let calls = 0;
  const state = { isDead: false };
  const onCall: OnCall = () => {
    if (++calls === number) state.isDead = true;
    if (state.isDead) throw new Killed();
  };
  return { state, onCall };
}

async function whatIsThere(log: EventLog) {
  return {
    events: await everything(log),
    links: await log.readStream("links", { afterVersion: 0, limit: 100 }),
    claims: await log.claims.claimants("name", "v1", ["name 1", "name 2", "name 3"]),
    streams: await log.streams({ limit: 100 }),
  };
}

describe("A host of a chain", () => {
  it.each([
    { how: "in one record", maxBytes: 10_000 },
    { how: "in pieces", maxBytes: 300 },
  ])("may be killed between any two steps of commits $how: sent again, each is stored once", async ({ maxBytes }) => {
    let isOver = false;
    for (let number = 1; !isOver; number++) {
      const [server, folder] = [new MemoryServer(), newFolder()];
      const { state, onCall } = killedAt(number);
      const log = new ChainedLog(new MemoryChain(server, onCall, maxBytes), `${folder}/x.index.db`);
      try {
        await log.open();
        for (const step of steps) await step(log);
      } catch (error) {
        if (!(error instanceof Killed)) throw error;
      }
      isOver = !state.isDead;
      await log.close();
      const again = await open(server, folder, undefined, maxBytes);
      for (const step of steps) await step(again);
      const found = await whatIsThere(again);
      expect(found.events.map((event) => event.id).toSorted()).toEqual(upTo(6).map((n) => id(n + 1)));
      expect(numbers(found.events)).toEqual(upTo(6));
      expect(found.links.map((event) => event.id)).toEqual([id(2), id(3), id(4)]);
      expect(found.claims).toEqual({ "name 1": "a", "name 2": "a", "name 3": "a" });
      const fresh = await open(server, newFolder(), undefined, maxBytes);
      expect(await whatIsThere(fresh)).toEqual(found);
      await again.close();
      await fresh.close();
    }
  });

  it("stores once where answers are lost, and answers with what it stored", async () => {
    const random = randomFrom(Date.now());
    const [server, folder] = [new MemoryServer(), newFolder()];
    const onCall: OnCall = (moment, call) => {
      if (call === "add" && random() < 0.15) throw new StoreUnavailableError("server", `nothing heard ${moment}`);
    };
    const log = await open(server, folder, onCall, 3000);
    const answered: RecordedEvent[] = [];
    for (let n = 0; n < 30; n++)
      for (const verdict of await log.append([appendTo("a", many(1 + (n % 3)))]))
        answered.push(...("events" in verdict ? verdict.events : []));
    expect(await everything(log)).toEqual(answered);
    await log.close();
  });

  it("shares the chain with hosts that lose responses, and all see the same", async () => {
    const random = randomFrom(Date.now());
    const [server, folder] = [new MemoryServer(), newFolder()];
    const onCall: OnCall = (_, call) => {
      if (call === "add" && random() < 0.1) throw new StoreUnavailableError("server", "nothing heard");
    };
    const hosts = await Promise.all([1, 2, 3].map(() => open(server, folder, onCall, 500)));
    const answered = await Promise.all(
      hosts.map(async (log, host) => {
        const events: RecordedEvent[] = [];
        for (let n = 0; n < 20; n++)
          for (const verdict of await log.append([appendTo("shared", many(1 + (n % 4))), appendTo(`s-${host}`)]))
            events.push(...("events" in verdict ? verdict.events : []));
        return events;
      }),
    );
    const all = answered.flat().toSorted((one, other) => one.position - other.position);
    for (const log of hosts) {
      expect(await everything(log)).toEqual(all);
      await log.close();
    }
    expect(numbers(all)).toEqual(upTo(all.length));
  });

  it("rejects a caller that waited in vain, and stores a late append once", async () => {
    const server = new MemoryServer();
    let isGone = false;
    const log = await open(server, newFolder(), () => {
      if (isGone) throw new StoreUnavailableError("server", "is gone");
    });
    isGone = true;
    const request = appendTo("a", [{ id: id(1) }]);
    await expect(log.append([request])).rejects.toMatchObject({ type: "STORE_UNAVAILABLE", retryable: true });
    await expect(log.head()).rejects.toMatchObject({ type: "STORE_UNAVAILABLE" });
    isGone = false;
    await log.append([request]);
    await log.append([request]);
    expect(await log.head()).toBe(1);
    await log.close();
  });

  it("reports no refusal to a caller whose response was lost, if the server refuses the query of the outcome", async () => {
    const server = new MemoryServer();
    let isOpen = false;
    let isLost = false;
    const log = await open(server, newFolder(), (moment, call) => {
      if (!isOpen || call !== "add") return;
      if (isLost) throw new UnusableStoreError("server", "refuses its certificate");
      isLost = moment === "after";
      if (isLost) throw new StoreUnavailableError("server", "is gone");
    });
    isOpen = true;
    await expect(log.append([appendTo("a", [{ id: id(1) }])])).rejects.toMatchObject({
      type: "STORE_UNAVAILABLE",
      retryable: true,
      message: expect.stringContaining("may or may not be stored: server: refuses its certificate") as string,
    });
    await log.close();
  });
});

describe("A commit in several records", () => {
  it("is seen completely or not at all, and restarts if another commit came in between", async () => {
    const [server, folder] = [new MemoryServer(), newFolder()];
    const other = await open(server, folder, undefined, 300);
    let adds = 0;
    const heads: number[] = [];
    const log = await open(
      server,
      folder,
      async (moment, call) => {
        if (moment !== "before" || call !== "add") return;
        heads.push(await other.head());
        if (++adds === 3) await other.append([appendTo("other")]);
      },
      300,
    );
    await log.append([appendTo("a", many(10))]);
    expect(adds).toBeGreaterThan(10);
    expect(new Set(heads)).toEqual(new Set([0, 1]));
    expect(numbers(await everything(other))).toEqual(upTo(11));
    expect(await everything(other)).toEqual(await everything(log));
    await log.close();
    await other.close();
  });
});
