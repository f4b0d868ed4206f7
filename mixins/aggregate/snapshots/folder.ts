import { access, lstat, mkdir, readdir, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { privateFile, privateFolder } from "../../../core/files/private-files.ts";
import { openRegularFile } from "../../../core/files/regular-file.ts";
import { syncFolder } from "../../../core/files/sync.ts";
import { asPassing, asStoreError } from "../../../core/errors/system-errors.ts";
import { SnapshotDamagedError } from "../../../core/errors/snapshot-errors.ts";
import { sealManifest, unsealManifest, type StoredManifest } from "./manifest.ts";

const idPattern = /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;
/** A folder that is being removed has this suffix. It is not listed, and after a crash the next start removes it. */
const removed = ".removed";

/**
 * The files of snapshots: `<id>/manifest.json`, `<id>/table/` with the table's backup, and `<id>/recorded` if the log has
 * the snapshot's outcome. No other file is listed, read or removed: an id must be a UUID, and its path a folder, not a
 * symbolic link.
 */
export class SnapshotFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** The path of the table's backup in a snapshot. */
  tableOf(id: string): string {
    return join(this.path, id, "table");
  }

  /** The ids of all snapshots, oldest first, including incomplete ones. Empty if the folder does not exist. */
  async ids(): Promise<string[]> {
    return (await this.#folders()).filter((name) => idPattern.test(name)).toSorted();
  }

  async #folders(): Promise<string[]> {
    try {
      const entries = await readdir(this.path, { withFileTypes: true });
      return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    } catch (error) {
      if (codeOf(error) === "ENOENT") return [];
      throw toStoreError(this.path, error);
    }
  }

  /** Creates the folders of a new snapshot. @throws UnusableStoreError, StoreUnavailableError */
  async begin(manifest: StoredManifest): Promise<void> {
    await this.#at(manifest.id, async (folder) => {
      await mkdir(this.path, { recursive: true, mode: privateFolder });
      await mkdir(folder, { mode: privateFolder });
      try {
        await this.write(manifest);
        await mkdir(join(folder, "table"), { mode: privateFolder });
        await syncFolder(this.path);
      } catch (error) {
        await rm(folder, { recursive: true, force: true });
        throw error;
      }
    });
  }

  /** The manifest of a snapshot; null if there is none. @throws SnapshotDamagedError */
  async read(id: string): Promise<StoredManifest | null> {
    if (!(await this.#isThere(id))) return null;
    const file = join(this.path, id, "manifest.json");
    let text: string;
    try {
      text = await readText(file);
    } catch (error) {
      // The snapshot was removed meanwhile.
      if (!(await this.#isThere(id))) return null;
      const unavailable = asPassing(file, error, "the snapshot was not read");
      throw unavailable ?? new SnapshotDamagedError(file, `its manifest cannot be read (${codeOf(error)})`, error);
    }
    const manifest = unsealManifest(text);
    if (!manifest) throw new SnapshotDamagedError(file, "its manifest differs from what was written");
    if (manifest.id !== id)
      throw new SnapshotDamagedError(file, `found the manifest of snapshot ${manifest.id}, expected ${id}`);
    return manifest;
  }

  /** False for a symbolic link to a folder. */
  async #isThere(id: string): Promise<boolean> {
    if (!idPattern.test(id)) return false;
    return lstat(join(this.path, id)).then(
      (found) => found.isDirectory(),
      () => false,
    );
  }

  /** Writes the manifest atomically. */
  async write(manifest: StoredManifest): Promise<void> {
    await this.#at(manifest.id, async (folder) => {
      const file = join(folder, "manifest.json");
      // Removed first: writing through an existing symbolic link would change another file.
      await rm(`${file}.new`, { force: true });
      await writeFile(`${file}.new`, sealManifest(manifest), { flag: "wx", flush: true, mode: privateFile });
      await rename(`${file}.new`, file);
      await syncFolder(folder);
    });
  }

  async isRecorded(id: string): Promise<boolean> {
    return access(join(this.path, id, "recorded")).then(
      () => true,
      () => false,
    );
  }

  async markRecorded(id: string): Promise<void> {
    await this.#at(id, async (folder) => {
      await writeFile(join(folder, "recorded"), "", { flag: "wx", mode: privateFile }).catch((error: unknown) => {
        if (codeOf(error) !== "EEXIST") throw error;
      });
    });
  }

  /**
   * Runs `work` with the folder of the table's backup.
   * @throws SnapshotDamagedError if it contains a link; UnusableStoreError, StoreUnavailableError, and errors of `work`
   */
  readTable<Answer>(id: string, work: (folder: string) => Promise<Answer>): Promise<Answer> {
    return this.#at(id, async () => {
      await assertNoLinks(this.tableOf(id));
      return work(this.tableOf(id));
    });
  }

  async removeTable(id: string): Promise<void> {
    await this.#at(id, () => rm(this.tableOf(id), { recursive: true, force: true }));
  }

  async remove(id: string): Promise<void> {
    await this.#at(id, async (folder) => {
      await rename(folder, folder + removed);
      await rm(folder + removed, { recursive: true, force: true });
    });
  }

  /** Finishes removals that a crash has interrupted, and removes folders without a manifest or table. */
  async sweep(): Promise<void> {
    for (const name of await this.#folders()) {
      const folder = join(this.path, name);
      if (idPattern.test(name)) {
        const files = await readdir(folder);
        if (files.some((file) => file !== "manifest.json.new")) continue;
        await rm(join(folder, "manifest.json.new"), { force: true });
        await rmdir(folder);
      } else if (name.endsWith(removed) && idPattern.test(name.slice(0, -removed.length)))
        await rm(folder, { recursive: true, force: true });
    }
  }

  async #at<Answer>(id: string, work: (folder: string) => Promise<Answer>): Promise<Answer> {
    if (!idPattern.test(id)) throw new TypeError(`found ${id}, expected the id of a snapshot`);
    const folder = join(this.path, id);
    try {
      return await work(folder);
    } catch (error) {
      throw toStoreError(folder, error);
    }
  }
}

async function readText(file: string): Promise<string> {
  const handle = await openRegularFile(file);
  try {
    return await handle.readFile("utf8");
  } finally {
    await handle.close();
  }
}

/** A snapshot consists of regular files. A link would read another file of the machine into a table. */
async function assertNoLinks(table: string): Promise<void> {
  const damaged = (path: string) =>
    new SnapshotDamagedError(path, "found a link or special file, expected a regular file");
  const found = await lstat(table).catch(() => null);
  // A missing folder is reported by the engine.
  if (!found) return;
  if (!found.isDirectory()) throw damaged(table);
  for (const entry of await readdir(table, { withFileTypes: true }))
    if (!entry.isFile()) throw damaged(join(table, entry.name));
}

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code ?? String(error);

/** Translates an error of the system. An engine's own error is returned unchanged. */
export const toStoreError = (location: string, error: unknown): unknown =>
  asStoreError(location, error, "cannot be written");
