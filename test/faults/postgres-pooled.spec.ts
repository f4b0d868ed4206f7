import { randomUUID } from "node:crypto";
import type { EventLog } from "../../core/log/event-log.ts";
import type { Batch, ReadTable } from "../../core/table/read-table.ts";
import { postgres } from "../../adapters/postgres/postgres.ts";
import { everything } from "../../testing/event-log/log-fixture.ts";
import { appended, appendTo, upTo } from "../../testing/event-log/requests.ts";
import { at, committed, fieldsOf, nameAndTotal, update } from "../../testing/read-table/table-fixture.ts";
import { eventually } from "../support/broker.ts";
import { describeWith } from "../support/engines.ts";
import { Pgbouncer } from "../support/pgbouncer.ts";

const outage = "STORE_UNAVAILABLE";

describeWith(
  "postgres",
  "A server that is killed and restarted behind a proxy that pools transactions",
  (server) => {
    let proxy: Pgbouncer;
    beforeAll(async () => {
      proxy = await Pgbouncer.start(server().url);
    });
    afterAll(() => proxy.stop());

    /** Kills the server repeatedly, each time after some progress, until the work is done. */
    const whileKilled = async (rounds: number, done: () => number) => {
      for (let round = 0; round < rounds; round++) {
        const before = done();
        await eventually(() => expect(done()).toBeGreaterThan(before + 20), 60_000);
        await server().kill();
        await server().start();
      }
    };

    it("keeps each acknowledged event once, and is an outage to its callers", async () => {
      const log: EventLog = postgres(proxy.url).eventLog!(randomUUID());
      await log.open();
      const acknowledged = new Map<string, number>();
      const met = new Set<unknown>();
      const running = { isOver: false };
      const appendForEver = async (stream: string) => {
        for (let expectedVersion = 0; !running.isOver; expectedVersion++) {
          const id = randomUUID();
          const request = appendTo(stream, [expectedVersion % 2 === 0 ? {} : { id }], { expectedVersion });
          try {
            const [event] = await appended(log, request);
            acknowledged.set(event!.id, event!.position);
          } catch (error) {
            met.add((error as { type?: unknown }).type ?? String(error));
            expectedVersion = await eventually(async () => {
              const [last] = await log.readStream(stream, {
                afterVersion: Number.MAX_SAFE_INTEGER,
                limit: 1,
                backward: true,
              });
              return (last?.version ?? 0) - 1;
            }, 60_000);
          }
        }
      };
      const callers = Promise.all(upTo(4).map((n) => appendForEver(`s-${n}`)));
      await whileKilled(3, () => acknowledged.size);
      running.isOver = true;
      await callers;
      const events = await everything(log);
      await log.close();
      expect(events.map(({ position }) => position)).toEqual(upTo(events.length));
      const positions = new Map(events.map(({ id, position }) => [id, position]));
      for (const [id, position] of acknowledged) expect(positions.get(id)).toBe(position);
      expect([...met].filter((type) => type !== outage)).toEqual([]);
    }, 180_000);

    it("contains each batch completely, and is an outage for the folding host", async () => {
      const table: ReadTable = postgres(proxy.url).readTable!(randomUUID());
      await table.open(fieldsOf(nameAndTotal));
      let position = 0;
      const running = { isOver: false };
      const met = new Set<unknown>();
      const foldForEver = async () => {
        while (!running.isOver) {
          let batch: Batch | undefined;
          try {
            batch = await table.live().begin();
            await batch.apply([update("1", { total: position + 1 }), update("2", { total: position + 1 })]);
            await batch.commit(at(position + 1));
            position++;
          } catch (error) {
            met.add((error as { type?: unknown }).type ?? String(error));
            await batch?.rollback();
            position = await eventually(async () => (await table.live().progress()).position, 60_000);
          }
        }
      };
      const folding = foldForEver();
      await whileKilled(3, () => position);
      running.isOver = true;
      await folding;
      expect(await committed(table)).toEqual({ 1: { total: position }, 2: { total: position } });
      await table.close();
      expect([...met].filter((type) => type !== outage)).toEqual([]);
    }, 180_000);
  },
  "pgbouncer",
);
