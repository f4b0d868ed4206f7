import { randomUUID } from "node:crypto";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import { postgres } from "../../adapters/postgres/postgres.ts";
import { withOtherProcess, type OtherProcess } from "../../testing/kit/other-process.ts";
import { everything } from "../../testing/event-log/log-fixture.ts";
import { appended, appendTo, upTo } from "../../testing/event-log/requests.ts";
import { describeWith } from "../support/engines.ts";
import { times } from "../support/times.ts";

const events = times(10_000);

const inProcess = new URL("../engines/contract/postgres-port.ts", import.meta.url).href;

describeWith("postgres", "Processes that append to one log in PostgreSQL", (server) => {
  it("go on within seconds where one of them is frozen, which stores nothing twice when it wakes", async () => {
    const name = randomUUID();
    const place = { module: inProcess, args: ["log", server().url, name] };
    const log = postgres(server().url).eventLog!(name);
    await log.open();
    await withOtherProcess("append to log", place, async (other) => {
      const acknowledged: string[] = [];
      const hear = async (count: number) => {
        for (let n = 0; n < count; n++) acknowledged.push(...(await other.nextMessage())!.slice(1));
      };
      await hear(1);
      for (let round = 0; round < times(10); round++) {
        await hear(3 + (round % 3));
        other.freeze();
        const begun = performance.now();
        await appended(log, appendTo("shared"));
        expect(performance.now() - begun).toBeLessThan(10_000);
        other.thaw();
      }
      await hear(10);
      await other.kill();
      const events = await everything(log);
      expect(events.map(({ position }) => position)).toEqual(upTo(events.length));
      const numbers = new Map(events.map(({ id, position, version }) => [id, `${position}/${version}`]));
      expect(numbers.size).toBe(events.length);
      for (const word of acknowledged) {
        const [id = "", ...told] = word.split("/");
        expect(numbers.get(id)).toBe(told.join("/"));
      }
    });
    await log.close();
  }, 180_000);

  it("leave no hole, no duplicate, and no event that a third, reading host finds late", async () => {
    const name = randomUUID();
    const place = { module: inProcess, args: ["log", server().url, name] };
    const log = postgres(server().url).eventLog!(name);
    await log.open();
    const seen: RecordedEvent[] = [];
    const acknowledged = new Map<string, string>();
    const isOver = () => seen.length >= events;
    const listen = async (other: OtherProcess) => {
      expect(await other.nextMessage()).toEqual(["opened"]);
      for (let words = await other.nextMessage(); words && !isOver(); words = await other.nextMessage())
        for (const word of words.slice(1)) {
          const [id = "", ...numbers] = word.split("/");
          acknowledged.set(id, numbers.join("/"));
        }
    };
    const read = async () => {
      while (!isOver()) {
        const page = await log.read({ after: seen.length, limit: 1000 });
        for (const event of page.events) {
          if (event.position !== seen.length + 1) throw new Error(`position ${event.position} after ${seen.length}`);
          seen.push(event);
        }
      }
    };
    await withOtherProcess("append to log", place, (one) =>
      withOtherProcess("append to log", place, (other) => Promise.all([listen(one), listen(other), read()])),
    );
    const all = await everything(log);
    await log.close();
    expect(all.slice(0, seen.length)).toEqual(seen);
    expect(all.map(({ position }) => position)).toEqual(upTo(all.length));
    const versions = new Map<string, number>();
    for (const { stream, version } of all) {
      expect(version).toBe((versions.get(stream) ?? 0) + 1);
      versions.set(stream, version);
    }
    const numbers = new Map(all.map(({ id, position, version }) => [id, `${position}/${version}`]));
    for (const [id, told] of acknowledged) expect(numbers.get(id)).toBe(told);
    expect(acknowledged.size).toBeGreaterThan(events / 2);
  }, 300_000);
});
