import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Field } from "../../core/fields.ts";
import type { Origin, ParkedEvent, Progress, TableBackup } from "../../core/read-table.ts";
import { SnapshotDamagedError } from "../../core/travel-errors.ts";
import type { Connections, Held } from "./connections.ts";
import { copyIn, copyOut } from "./copy.ts";
import { rowsOf, type PostgresGeneration } from "./generation.ts";
import { columnsOf } from "./row-codec.ts";

/** Beside the rows. */
interface About {
  fields: Field[];
  origin: Origin;
  progress: Progress;
  parked: ParkedEvent[];
}

const aboutIn = (folder: string) => join(folder, "table.json");
/** In the text format of COPY: psql reads it too. */
const rowsIn = (folder: string) => join(folder, "rows.copy");

/** Copies generations into files, by COPY. */
export class TableBackups {
  readonly #running = new Set<Held>();

  /** One moment of the generation: rows and checkpoint commit together. */
  write(
    connections: Connections,
    schema: string,
    generation: PostgresGeneration,
    folder: string,
  ): Promise<TableBackup> {
    return this.#reading(connections, async (held) => {
      const { number, fields } = generation;
      const { rows: found } = await held.query(
        `SELECT definition, build_order, position, position_id, folded, reordered, log,
           (SELECT json_agg(event ORDER BY position, id) FROM ${schema}.parked WHERE generation = number)
         FROM ${schema}.generations WHERE number = $1`,
        [number],
      );
      const [definition, order, position, positionId, folded, reordered, log, parked] = found[0] as [
        ...[string, string, number, string | null, number, boolean, string | null],
        string[] | null,
      ];
      const progress = { position, positionId, folded, reordered, log };
      const origin = { definition, order };
      const events = (parked ?? []).map((event) => JSON.parse(event) as ParkedEvent);
      const about: About = { fields: [...fields.values()], origin, progress, parked: events };
      await writeWhole(aboutIn(folder), async (write) => write(Buffer.from(JSON.stringify(about))));
      let rows = 0;
      const text = `COPY ${rowsOf(schema, number)} (${columnsOf(fields)}) TO STDOUT`;
      await writeWhole(rowsIn(folder), async (write) => {
        rows = await copyOut(held.client, text, write);
      });
      const sizes = await Promise.all([aboutIn(folder), rowsIn(folder)].map((file) => stat(file)));
      const bytes = sizes.reduce((sum, { size }) => sum + size, 0);
      return { rows, progress, origin, checksum: await checksumOf(folder), bytes };
    });
  }

  async #reading<Result>(connections: Connections, work: (held: Held) => Promise<Result>): Promise<Result> {
    const held = await connections.hold("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    this.#running.add(held);
    try {
      return await work(held);
    } finally {
      this.#running.delete(held);
      await held.end("ROLLBACK");
    }
  }

  /** What runs is ended, and fails. */
  async close(): Promise<void> {
    await Promise.all([...this.#running].map((held) => held.end("ROLLBACK", new Error("the backup was ended"))));
  }
}

/** What a backup holds. @throws SnapshotDamagedError */
export async function readAbout(folder: string, checksum: string): Promise<About> {
  const found = await checksumOf(folder).catch((error: NodeJS.ErrnoException) => {
    throw new SnapshotDamagedError(folder, `its data cannot be read (${error.code ?? error.message})`, error);
  });
  if (found !== checksum)
    throw new SnapshotDamagedError(folder, `found data with checksum ${found}, expected ${checksum}`);
  return JSON.parse(await readFile(aboutIn(folder), "utf8")) as About;
}

/** Puts a backup's rows into a table that is there and empty. */
export const readRows = (held: Held, table: string, columns: string, folder: string): Promise<number> =>
  copyIn(held.client, `COPY ${table} (${columns}) FROM STDIN`, createReadStream(rowsIn(folder)));

/** Of both files, told apart. */
async function checksumOf(folder: string): Promise<string> {
  const whole = createHash("sha256");
  for (const file of [aboutIn(folder), rowsIn(folder)]) {
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
    whole.update(hash.digest());
  }
  return whole.digest("hex");
}

/** A new file, which is on the disk when it has answered. */
async function writeWhole(
  path: string,
  work: (write: (chunk: Buffer) => Promise<void>) => Promise<void>,
): Promise<void> {
  const file = await open(path, "wx");
  try {
    await work(async (chunk) => void (await file.write(chunk)));
    await file.sync();
  } finally {
    await file.close();
  }
}
