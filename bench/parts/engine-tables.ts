import { expectSame, foldedRows } from "../check.ts";
import { eventsPerStream, type Payload } from "../events.ts";
import type { Case, Stage } from "../part.ts";
import { Ours, tableName } from "../stores/ours.ts";
import type { RawTables } from "../stores/raw-engine.ts";
import { RawMongo } from "../stores/raw-mongodb.ts";
import { RawPostgres } from "../stores/raw-postgres.ts";
import { servers, withServer } from "../stores/servers.ts";
import { fillOurs, fillRaw } from "./engine-reads.ts";

const perBatch = 500;

const raws = {
  postgres: (url: string): Promise<RawTables> => RawPostgres.open(url),
  mongodb: (url: string): Promise<RawTables> => RawMongo.open(url),
};

/** The engines that store tables. */
type TableServer = keyof typeof raws;

const streamsOf = (stage: Stage) => stage.size(100, 10);

/** Folds the log into a new and empty table. The clock starts once its service is available. */
const ours = (name: TableServer) => (stage: Stage) =>
  withServer(name, async (url) => {
    const place = servers[name].ours(url, stage.folder);
    const streams = streamsOf(stage);
    const events = streams * eventsPerStream;
    const ours = await Ours.start(place);
    try {
      await fillOurs(ours, streams);
      await ours.pause();
      await ours.addTable(stage.folder, "function", tableName, place);
      const ms = await stage.timed(async () => {
        await ours.resume();
        await ours.folded(events);
      });
      const rows = await ours.broker.call<{ total: number; events: number }[], object>(`${tableName}.find`, {});
      const add = (field: "total" | "events") => rows.reduce((sum, row) => sum + row[field], 0);
      expectSame<object>(
        "rows",
        { rows: rows.length, sum: add("total"), events: add("events") },
        foldedRows(events, false),
      );
      return { rate: (events * 1000) / ms };
    } finally {
      await ours.stop();
    }
  });

/** In batches as large as ours. */
const raw = (name: TableServer) => (stage: Stage) =>
  withServer(name, async (url) => {
    const raw = await raws[name](url);
    const streams = streamsOf(stage);
    const events = streams * eventsPerStream;
    try {
      await fillRaw(raw, streams);
      const ms = await stage.timed(async () => {
        const payloads: Payload[] = [];
        await raw.read((payload) => payloads.push(payload));
        for (let from = 0; from < payloads.length; from += perBatch)
          await raw.fold(payloads.slice(from, from + perBatch), Math.min(from + perBatch, payloads.length));
      });
      const { rows, sum } = foldedRows(events, false);
      expectSame<object>("rows", await raw.folded(), { rows, sum, position: events });
      return { rate: (events * 1000) / ms };
    } finally {
      await raw.close();
    }
  });

export const catchUpOf = (name: TableServer): Case => ({
  name: `${name}: catch-up`,
  workload:
    "A table there is folded from 10,000 events of 100 streams in the log there, a row for each stream; the transform " +
    `is a function. raw: read, parse, upsert and checkpoint in batches of ${perBatch}.`,
  figures: { rate: { unit: "events/s", goals: [{ beside: "raw", must: 0.5 }] } },
  contestants: { ours: ours(name), raw: raw(name) },
});
