import { randomUUID } from "node:crypto";
import type { EventLog } from "../../core/log/event-log.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import { appendTo, appended } from "../../testing/event-log/requests.ts";
import { everything } from "../../testing/event-log/log-fixture.ts";
import { OtherHost } from "./other-host.ts";
import { randomFrom } from "../../testing/kit/random.ts";
import { seed } from "../support/chance.ts";
import { cleanUp, eventually, newFolder } from "../support/broker.ts";
import type { EngineServer } from "../support/engines.ts";
import { times } from "../support/times.ts";

interface Shared {
  server: () => EngineServer;
  log: (url: string, name: string) => EventLog;
  /** The module from which another process gets its port. */
  inProcess: string;
}

const isOutage = (error: unknown) => (error as { type?: unknown }).type === "STORE_UNAVAILABLE";
const pause = (ms: number) => new Promise((turn) => setTimeout(turn, ms));

/** Expects positions and the versions of each stream to run from 1, without a repeated id. */
function expectWhole(events: readonly RecordedEvent[]): void {
  const versions = new Map<string, number>();
  for (const [index, { position, stream, version }] of events.entries()) {
    const expected = (versions.get(stream) ?? 0) + 1;
    if (position !== index + 1 || version !== expected)
      throw new Error(`found ${stream} ${version} at ${position}, expected version ${expected} at ${index + 1}`);
    versions.set(stream, version);
  }
  expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
}

/**
 * The cases of a log on a server that several hosts share, with a server that really stops and processes that are
 * really killed.
 */
export function checkSharedLog({ server, log: logOn, inProcess }: Shared): void {
  const urlOf = () => `${server().url}?folder=${newFolder()}`;
  const logs: EventLog[] = [];
  const opened = async (name: string) => {
    const log = logOn(urlOf(), name);
    logs.push(log);
    await log.open();
    return log;
  };
  afterEach(async () => {
    await Promise.all(logs.splice(0).map((log) => log.close()));
    await cleanUp();
  });

  it("has every acknowledged event once after its server was killed again and again in the middle of appends", async () => {
    const random = randomFrom(seed);
    const hosts = await Promise.all([opened("killed"), opened("killed")]);
    const acknowledged: RecordedEvent[] = [];
    const state = { isOver: false };
    const writers = Promise.all(
      Array.from({ length: 8 }, async (_, writer) => {
        const log = hosts[writer % 2]!;
        while (!state.isOver) {
          const requests = [
            appendTo(`s-${writer}`, [{ id: randomUUID() }, { id: randomUUID() }]),
            appendTo("shared", [{ id: randomUUID() }]),
          ];
          // Sent again with the same ids, like a caller without a response.
          acknowledged.push(
            ...(await eventually(() =>
              appended(log, ...requests).catch((error: unknown) => {
                if (isOutage(error)) throw error;
                throw Object.assign(new Error("not an outage", { cause: error }));
              }),
            )),
          );
        }
      }),
    );
    for (let round = 1; round <= times(10); round++) {
      const before = acknowledged.length;
      await eventually(() => expect(acknowledged.length).toBeGreaterThan(before + 20));
      await pause(random() * 50);
      await server().kill();
      await server().start();
    }
    state.isOver = true;
    await writers;
    const events = await everything(hosts[0]);
    expectWhole(events);
    expect(await everything(hosts[1])).toEqual(events);
    const byId = new Map(events.map((event) => [event.id, event]));
    for (const event of acknowledged) expect(byId.get(event.id)).toEqual(event);
    expect(events).toHaveLength(acknowledged.length);
  }, 180_000);

  it("is appended to by two processes, 10,000 events, and a third that reads all along sees none late", async () => {
    const reader = await opened("two processes");
    const seen: RecordedEvent[] = [];
    const said = [0, 0];
    const isOver = () => said.every((count) => count >= 5_000);
    const hosts = [0, 1].map(() => new OtherHost(inProcess, urlOf(), "two processes"));
    const ended = Promise.all(
      hosts.map(async (host, index) => {
        for await (const count of host.counts()) if ((said[index] = count) >= 5_000) break;
        await host.kill();
      }),
    );
    for (let isLast = false; !isLast;) {
      isLast = isOver();
      const page = await reader.read({ after: seen.length, limit: 500 });
      seen.push(...page.events);
      if (page.end) await pause(1);
      else isLast = false;
    }
    await ended;
    expect(seen.length).toBeGreaterThanOrEqual(10_000);
    expectWhole(seen);
    expect((await everything(reader)).slice(0, seen.length)).toEqual(seen);
  }, 300_000);

  it("answers an outage while its server is gone, within seconds, and goes on by itself", async () => {
    const log = await opened("gone");
    await log.append([appendTo("a")]);
    await log.control.put("key", 1, 0);
    await server().kill();
    const began = Date.now();
    await expect(log.append([appendTo("a")])).rejects.toMatchObject({ type: "STORE_UNAVAILABLE", code: 503 });
    await expect(log.head()).rejects.toMatchObject({ type: "STORE_UNAVAILABLE" });
    await expect(log.control.get("key")).rejects.toMatchObject({ type: "STORE_UNAVAILABLE" });
    expect(Date.now() - began).toBeLessThan(20_000);
    const late = logOn(urlOf(), "gone");
    await expect(late.open()).rejects.toMatchObject({ type: "STORE_UNAVAILABLE", retryable: true });
    await server().start();
    await eventually(() => log.append([appendTo("b")]));
    expect((await log.readStream("b", { afterVersion: 0, limit: 10 })).length).toBeGreaterThan(0);
    expect(await log.control.get("key")).toEqual({ value: 1, revision: 1 });
    expectWhole(await everything(log));
  });
}
