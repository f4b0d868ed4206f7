import { createHash } from "node:crypto";
import { open, stat } from "node:fs/promises";
import { join } from "node:path";
import { readFormat, withFormat } from "../../core/log/stored-format.ts";
import type { TableBackup } from "../../core/table/read-table.ts";
import { privateFile } from "../../core/files/private-files.ts";
import { SnapshotDamagedError } from "../../core/errors/snapshot-errors.ts";
import { openBackup } from "./json-lines.ts";

type Write = (chunk: string | Buffer) => Promise<void>;

/**
 * A table's backup in two files: `table.json` describes the table, and a second file has its rows in the engine's
 * format.
 */
export class BackupFolder<About extends object> {
  readonly #folder: string;
  readonly #about: string;
  readonly rows: string;

  /** @param rows file name of the rows */
  constructor(folder: string, rows: string) {
    this.#folder = folder;
    this.#about = join(folder, "table.json");
    this.rows = join(folder, rows);
  }

  writeAbout(about: About): Promise<void> {
    return writeNew(this.#about, (write) => write(JSON.stringify(withFormat("backup", about))));
  }

  writeRows<Answer>(work: (write: Write) => Promise<Answer>): Promise<Answer> {
    return writeNew(this.rows, work);
  }

  /** The checksum covers a hash of each file, so bytes that move from one file to the other change it. */
  async measured(): Promise<Pick<TableBackup, "checksum" | "bytes">> {
    const sizes = await Promise.all([this.#about, this.rows].map((file) => stat(file)));
    return { checksum: await this.#checksum(), bytes: sizes.reduce((sum, { size }) => sum + size, 0) };
  }

  /** @throws SnapshotDamagedError if the files have another checksum; UnusableStoreError for another format */
  async readAbout(checksum: string): Promise<About> {
    const found = await this.#checksum();
    if (found !== checksum)
      throw new SnapshotDamagedError(this.#folder, `found data with checksum ${found}, expected ${checksum}`);
    const file = await openBackup(this.#about);
    try {
      return readFormat(this.#about, "backup", JSON.parse(await file.readFile("utf8")));
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

/** Creates a file and flushes it to the disk before it resolves. */
async function writeNew<Answer>(path: string, work: (write: Write) => Promise<Answer>): Promise<Answer> {
  const file = await open(path, "wx", privateFile);
  try {
    // Not `write`: it may write only a part of a chunk, and returns the number of bytes instead of an error.
    const answer = await work((chunk) => file.writeFile(chunk));
    await file.sync();
    return answer;
  } finally {
    await file.close();
  }
}
