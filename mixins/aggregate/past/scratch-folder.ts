import { mkdir, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { UnusableStoreError } from "../../../core/errors/errors.ts";
import type { ReadTable } from "../../../core/table/read-table.ts";
import { isWrongPath, systemCodeOf } from "../../../core/errors/system-errors.ts";

/** No copy takes so long: what is older was left behind by a process that was killed. */
const leftoverMs = 24 * 60 * 60 * 1000;

/**
 * Folders for the copies of a table that a look at it needs. They are beside the table's snapshots, where the process
 * writes anyway; in the system's temporary folder if the table has no such place, or if it cannot be written.
 */
export class ScratchFolder {
  readonly #name: string;
  /** What the names of the folders begin with, in the order in which they are tried. */
  readonly #prefixes: string[];
  #swept: Promise<void> | null = null;

  constructor(name: string, { snapshotFolder }: Pick<ReadTable, "snapshotFolder">) {
    this.#name = name;
    const beside = snapshotFolder === null ? [] : [`${snapshotFolder}.scratch-`];
    this.#prefixes = [...beside, join(tmpdir(), `${name}-`)];
  }

  /** What `work` makes of a new folder, which is removed afterwards. @throws UnusableStoreError where none can be made */
  async use<Answer>(work: (folder: string) => Promise<Answer>): Promise<Answer> {
    await (this.#swept ??= this.#sweep());
    const folder = await this.#make();
    try {
      return await work(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async #make(): Promise<string> {
    let failure: unknown;
    for (const prefix of this.#prefixes)
      try {
        await mkdir(dirname(prefix), { recursive: true });
        return await mkdtemp(prefix);
      } catch (error) {
        if (!isWrongPath(systemCodeOf(error))) throw error;
        failure = error;
      }
    const folders = this.#prefixes.map(dirname).join(", ");
    throw new UnusableStoreError(
      this.#name,
      `a copy of its table needs a folder that can be written, found none of ${folders} (${systemCodeOf(failure)})`,
      failure,
    );
  }

  /** The system clears its own temporary folder. */
  async #sweep(): Promise<void> {
    const [beside] = this.#prefixes.slice(0, -1);
    if (beside === undefined) return;
    const [folder, beginning] = [dirname(beside), basename(beside)];
    const names = await readdir(folder).catch(() => []);
    for (const name of names.filter((name) => name.startsWith(beginning))) {
      const found = await stat(join(folder, name)).catch(() => null);
      if (found && found.mtimeMs < Date.now() - leftoverMs)
        await rm(join(folder, name), { recursive: true, force: true }).catch(() => {});
    }
  }
}
