import { mkdir, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { UnusableStoreError } from "../../../core/errors/errors.ts";
import { privateFolder } from "../../../core/files/private-files.ts";
import type { ReadTable } from "../../../core/table/read-table.ts";
import { isWrongPath, systemCodeOf } from "../../../core/errors/system-errors.ts";

/** Longer than any copy takes. Older folders were left by killed processes. */
const leftoverMs = 24 * 60 * 60 * 1000;

/**
 * Creates temporary folders for copies of a table. They are beside the table's snapshots, where the process can write
 * anyway, or in the system's temporary folder if the table has no snapshot folder or it cannot be written.
 */
export class ScratchFolder {
  readonly #name: string;
  /** The prefixes of the folders' paths, in the order of preference. */
  readonly #prefixes: string[];
  #swept: Promise<void> | null = null;

  constructor(name: string, { snapshotFolder }: Pick<ReadTable, "snapshotFolder">) {
    this.#name = name;
    const beside = snapshotFolder === null ? [] : [`${snapshotFolder}.scratch-`];
    this.#prefixes = [...beside, join(tmpdir(), `${name}-`)];
  }

  /** Runs `work` with a new folder, and removes the folder afterwards. @throws UnusableStoreError if none can be created */
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
        await mkdir(dirname(prefix), { recursive: true, mode: privateFolder });
        return await mkdtemp(prefix);
      } catch (error) {
        if (!isWrongPath(systemCodeOf(error))) throw error;
        failure = error;
      }
    const folders = this.#prefixes.map(dirname).join(", ");
    throw new UnusableStoreError(
      this.#name,
      `a copy of its table needs a writable folder: found none of ${folders} writable (${systemCodeOf(failure)})`,
      failure,
    );
  }

  /** Removes folders of killed processes. The operating system clears its own temporary folder. */
  async #sweep(): Promise<void> {
    const [beside] = this.#prefixes.slice(0, -1);
    if (beside === undefined) return;
    const [folder, prefix] = [dirname(beside), basename(beside)];
    const names = await readdir(folder).catch(() => []);
    for (const name of names.filter((name) => name.startsWith(prefix))) {
      const found = await stat(join(folder, name)).catch(() => null);
      if (found && found.mtimeMs < Date.now() - leftoverMs)
        await rm(join(folder, name), { recursive: true, force: true }).catch(() => {});
    }
  }
}
