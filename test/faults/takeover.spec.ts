import type { ProcessSummary } from "moleculer-event-sourcing";
import { cleanUp } from "../support/broker.ts";
import { describeWith } from "../support/engines.ts";
import { killChildren } from "./child.ts";
import { eventsPerNote, plainBooks, type BookEvent } from "./shared-books.ts";
import type { Messages } from "./shared-node.ts";
import { TakeoverRun } from "./takeover-run.ts";
import { times } from "../support/times.ts";
import { processesIn } from "../support/pages.ts";

type LogEngine = "postgres" | "mongodb" | "nats";
type TableEngine = "postgres" | "mongodb";

const combinations: [log: LogEngine, table: TableEngine][] = [
  ["postgres", "postgres"],
  ["mongodb", "mongodb"],
  ["nats", "postgres"],
];
const rounds = times(10);

/** Expects positions and versions of each stream to run from 1, and to match the acknowledgements. */
function expectWhole(events: readonly BookEvent[], acknowledged: ReadonlyMap<string, string>): void {
  const versions = new Map<string, number>();
  const stored = new Map<string, string>();
  for (const [index, { id, position, stream, version }] of events.entries()) {
    const expected = (versions.get(stream) ?? 0) + 1;
    if (position !== index + 1 || version !== expected)
      throw new Error(`found ${stream} ${version} at ${position}, expected version ${expected} at ${index + 1}`);
    versions.set(stream, version);
    stored.set(id, `${position}/${version}`);
  }
  expect(stored.size).toBe(events.length);
  for (const [id, told] of acknowledged) expect(stored.get(id)).toBe(told);
}

/**
 * Expects the log's order, even if another node had its turn in between; a process that was stalled may continue
 * anywhere.
 */
function expectInOrder({ handled }: Messages): void {
  let before = 0;
  let mayLeap = true;
  for (const position of handled)
    if (position < 0) mayLeap = true;
    else {
      if (position <= before && !mayLeap) throw new Error(`${position} was handled after ${before}`);
      if (position <= before) mayLeap = false;
      before = position;
    }
}

describeWith("nats-server", "Nodes that share log and table, of which holders are frozen and killed,", (nats) =>
  describeWith("postgres", "with PostgreSQL", (postgres) =>
    describeWith("mongodb", "and MongoDB", (mongodb) => {
      const inPostgres = (schema: string) => `${postgres().url}?schema=${schema}`;
      /** Connection strings of the log, for a node with this folder. */
      const logs: Record<LogEngine, (folder: string) => string> = {
        postgres: () => inPostgres("log"),
        mongodb: (folder) => `${mongodb().url}/log?folder=${folder}`,
        nats: (folder) => `${nats().url}?folder=${folder}`,
      };
      const tables: Record<TableEngine, (name: string) => string> = {
        postgres: inPostgres,
        mongodb: (name) => `${mongodb().url}/${name}`,
      };
      const runs = new Map<LogEngine, Promise<TakeoverRun>>();

      // FerretDB scans all rows for each that is read or written.
      const shares: Record<TableEngine, number> = { postgres: 1, mongodb: 0.25 };

      const run = async (log: LogEngine, table: TableEngine) => {
        const places = {
          transporter: nats().url,
          log: logs[log],
          table: tables[table](`table_of_${log}`),
          share: shares[table],
        };
        const run = await TakeoverRun.start(places);
        await run.rounds(rounds);
        return run;
      };
      // Concurrently, since most of the time is waiting.
      beforeAll(() => {
        for (const [log, table] of combinations) {
          const running = run(log, table);
          running.catch(() => {});
          runs.set(log, running);
        }
      });
      afterAll(async () => {
        killChildren();
        await cleanUp();
      });

      it.each(combinations)(
        "lose and double nothing: log in %s, table in %s",
        async (log) => {
          const run = await runs.get(log)!;
          const events = await run.log();
          expectWhole(events, run.acknowledged);
          const moves = events.filter(({ type }) => type.startsWith("book."));
          expect(moves).toHaveLength(run.acknowledged.size);

          const plain = plainBooks(events);
          for (const node of run.nodes) expect(await run.entries(node)).toEqual(plain);
          expect(run.rebuiltAt).toBeGreaterThan(0);
          expect(await run.broker.call("entries.verify")).toMatchObject({ ok: true, rows: plain.length });

          const messages = run.nodes.flatMap((node) => node.messages);
          const positions = moves.map(({ position }) => position);
          for (const one of messages) expectInOrder(one);
          const handled = new Set(messages.flatMap((one) => one.handled));
          expect(positions.filter((position) => !handled.has(position))).toEqual([]);
          const heard = new Set(messages.flatMap((one) => one.heard));
          expect(events.filter(({ position }) => !heard.has(position))).toEqual([]);

          const counts = new Map<string, number>();
          for (const { payload } of moves.filter(({ type }) => type !== "book.moved"))
            counts.set(payload.account, (counts.get(payload.account) ?? 0) + 1);
          const processes: ProcessSummary[] = await processesIn(run.broker.call("counter.processes"));
          expect(processes.map(({ id, state }) => [id, state])).toEqual(
            ["a", "b", "c", "d"].map((account) => [account, { count: counts.get(account) }]),
          );
          for (const [account, count] of counts) {
            const notes = events.filter(({ stream }) => stream === `note-${account}`);
            expect(notes.map(({ payload }) => payload.count)).toEqual(
              Array.from({ length: Math.floor(count / eventsPerNote) }, (_, index) => (index + 1) * eventsPerNote),
            );
          }
        },
        900_000,
      );
    }),
  ),
);
