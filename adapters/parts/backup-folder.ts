import { createHash } from "node:crypto";
import { open, stat } from "node:fs/promises";
import { join } from "node:path";
import type { TableBackup } from "../../core/table/read-table.ts";
import { privateFile } from "../../core/files/private-files.ts";
import { SnapshotDamagedError } from "../../core/errors/snapshot-errors.ts";
import { openBackup } from "./json-lines.ts";

type Write = (chunk: string | Buffer) => Promise<void>;

/** A table's backup that is two files: what is to be known of the table, as JSON, and its rows in the engine's own way. */
export class BackupFolder<About> {
  readonly #folder: string;
  readonly #about: string;
  readonly rows: string;

  /** `rows`: the name of the rows' file. */
  constructor(folder: string, rows: string) {
    this.#folder = folder;
    this.#about = join(folder, "table.json");
    this.rows = join(folder, rows);
  }

  writeAbout(about: About): Promise<void> {
    return writeNew(this.#about, (write) => write(JSON.stringify(about)));
  }

  /** Answers what `work` does. */
  writeRows<Answer>(work: (write: Write) => Promise<Answer>): Promise<Answer> {
    return writeNew(this.rows, work);
  }

  /** Of both files, told apart. */
  async measured(): Promise<Pick<TableBackup, "checksum" | "bytes">> {
    const sizes = await Promise.all([this.#about, this.rows].map((file) => stat(file)));
    return { checksum: await this.#checksum(), bytes: sizes.reduce((sum, { size }) => sum + size, 0) };
  }

  /** @throws SnapshotDamagedError where the files do not have this checksum */
  async readAbout(checksum: string): Promise<About> {
    const found = await this.#checksum();
    if (found !== checksum)
      throw new SnapshotDamagedError(this.#folder, `found data with checksum ${found}, expected ${checksum}`);
    const file = await openBackup(this.#about);
    try {
      return JSON.parse(await file.readFile("utf8")) as About;
    } finally {
      await file.close();
    }
  }

  async #checksum(): Promise<string> {
    const whole = createHash("sha256");
    for (const file of [this.#about, this.rows]) {
      const hash = createHash("sha256");
      const opened = await openBackup(file);
      // The stream closes the file at its end.
      for await (const chunk of opened.createReadStream()) hash.update(chunk as Buffer);
      whole.update(hash.digest());
    }
    return whole.digest("hex");
  }
}

/** A new file, which is on the disk when it has answered. */
async function writeNew<Answer>(path: string, work: (write: Write) => Promise<Answer>): Promise<Answer> {
  const file = await open(path, "wx", privateFile);
  try {
    // Not `write`, which may write a part of a chunk and say so to nobody.
    const answer = await work((chunk) => file.writeFile(chunk));
    await file.sync();
    return answer;
  } finally {
    await file.close();
  }
}
