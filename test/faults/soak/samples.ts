import { readdirSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";

/** Figures of one moment, in bytes unless the name says otherwise. */
export type Sample = {
  heap: number;
  external: number;
  resident: number;
  descriptors: number;
  threads: number;
  /** Timers, requests and handles that keep the event loop. */
  handles: number;
  control: number;
  /** The record of each ended process and skipped event; grows with their number. */
  ended: number;
  logWal: number;
  tableWal: number;
  files: number;
  temporary: number;
};

const kilobytesOf = (status: string, field: string) => Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(status)![1]);

/** A file may be removed between the listing and this call. */
function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));

const total = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0);
const bytesOf = (files: readonly string[]) => total(files.map(sizeOf));

/** Takes samples of this process, its store and its files. */
export class Sampler {
  readonly #folder: string;
  readonly #log: Database.Database;
  readonly #control: Database.Statement<[], { control: number; ended: number }>;

  /** Requires that the log's host has opened it. */
  constructor(folder: string) {
    this.#folder = folder;
    this.#log = new Database(`${folder}/events.db`, { readonly: true });
    this.#control = this.#log.prepare(
      `SELECT sum(bytes) - sum(ended) control, sum(ended) ended FROM (
         SELECT length(key) + length(value) bytes,
           iif(key LIKE '%/ended/%', length(key) + length(value), length(value) - length(json_remove(value, '$.skipped'))) ended
         FROM state)`,
    );
  }

  take(): Sample {
    gc!();
    const { heapUsed: heap, external } = process.memoryUsage();
    const status = readFileSync("/proc/self/status", "utf8");
    const files = filesBelow(this.#folder);
    const wal = files.filter((file) => file.endsWith("-wal"));
    const logWal = join(this.#folder, "events.db-wal");
    return {
      heap,
      external,
      // Without file pages, which the system reclaims when needed.
      resident: kilobytesOf(status, "RssAnon") * 1024,
      descriptors: readdirSync("/proc/self/fd").length,
      threads: kilobytesOf(status, "Threads"),
      handles: process.getActiveResourcesInfo().length,
      ...this.#control.get()!,
      logWal: sizeOf(logWal),
      tableWal: bytesOf(wal.filter((file) => file !== logWal)),
      files: files.length,
      temporary: bytesOf([...files.filter((file) => /\.scratch-|\.part$/.test(file)), ...filesBelow(tmpdir())]),
    };
  }

  close(): void {
    this.#log.close();
  }
}
