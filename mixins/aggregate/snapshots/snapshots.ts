import { formats } from "../../../core/log/stored-format.ts";
import { definitionHash } from "../../../core/rows/definition.ts";
import { StoreUnavailableError } from "../../../core/errors/errors.ts";
import { SnapshotsNotConfiguredError, UnknownSnapshotError } from "../../../core/errors/snapshot-errors.ts";
import { newEventId } from "../../../core/event/event-id.ts";
import type { Fields } from "../../../core/rows/fields.ts";
import type { Generation, ReadTable } from "../../../core/table/read-table.ts";
import { convertedGeneration } from "./converted-generation.ts";
import { manifestOf, type Begun, type CompleteSnapshot, type Manifest } from "./manifest.ts";
import { haveSameFields, isOfDefinition, assertFits, type LogPlace } from "./fit.ts";
import { SnapshotFolder, toStoreError } from "./folder.ts";
import { SnapshotHistory, type RecordSnapshot } from "./history.ts";

interface Dependencies {
  aggregate: string;
  node: string;
  /** The folder of this table's snapshots only; null if there is none, and `whyNone` says why. */
  folder: string | null;
  whyNone: string;
  /** How many complete snapshots are kept; null for all. */
  keep: number | null;
  table: ReadTable;
  fields: Fields;
  /** The current definition, from `describeDefinition`. */
  definition: string;
  logAfter: (position: number) => Promise<LogPlace>;
  record: RecordSnapshot;
  warn: (message: string, details: object) => void;
}

/**
 * The snapshots of one host's table: takes, lists, proves them, and restores them into separate generations.
 *
 * The table is folded on while a snapshot is taken, because the engine copies a consistent view. Snapshots are taken one at
 * a time; concurrent calls wait. Each begins with its folder and a `$snapshot.started` event, and ends with
 * `$snapshot.completed` or `$snapshot.failed`. If the store cannot store the latter, `tidy` records it later.
 */
export class Snapshots {
  readonly #d: Dependencies;
  readonly #folder: SnapshotFolder | null;
  readonly #history: SnapshotHistory | null;
  /** The snapshots whose outcome `tidy` has to record. */
  readonly unrecorded: ReadonlySet<string>;
  /** The ids of snapshots that are being restored and must not be removed. */
  readonly #inUse: string[] = [];
  #turn: Promise<unknown> = Promise.resolve();
  #isStopping = false;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
    const { folder, aggregate, record, warn } = dependencies;
    this.#folder = folder === null ? null : new SnapshotFolder(folder);
    this.#history = this.#folder && new SnapshotHistory({ aggregate, folder: this.#folder, record, warn });
    this.unrecorded = this.#history?.unrecorded ?? new Set();
  }

  #configured(): SnapshotFolder {
    if (!this.#folder) throw new SnapshotsNotConfiguredError(this.#d.aggregate, this.#d.whyNone);
    return this.#folder;
  }

  /** Marks snapshots of a killed process as failed. Neither waits for the store nor throws, so that the table can start. */
  async start(): Promise<void> {
    this.#isStopping = false;
    await this.#history?.open();
  }

  /** Resolves when nothing is being written. Closing the table aborts a running backup. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all([this.#history?.close(), this.#turn]);
  }

  /** Records outcomes that the store could not store before. Call it when the store responds. Never throws. */
  async tidy(): Promise<void> {
    await this.#history?.recordOutcomes();
  }

  /**
   * Takes a snapshot. An error never affects the live table. Afterwards the oldest snapshots are removed, so that `keep`
   * remain, including the new one.
   * @throws SnapshotsNotConfiguredError, UnusableStoreError, StoreUnavailableError
   */
  take({ keep = this.#d.keep }: { keep?: number | null | undefined } = {}): Promise<Manifest> {
    const taken = this.#turn.then(() => this.#take(keep));
    this.#turn = taken.catch(() => {});
    return taken;
  }

  async #take(keep: number | null): Promise<Manifest> {
    const folder = this.#configured();
    this.#assertRunning();
    const { aggregate, node, table } = this.#d;
    const since = performance.now();
    const begun: Begun = { id: newEventId(), table: aggregate, node, time: new Date().toISOString() };
    await this.#history!.begin(begun);
    let complete: CompleteSnapshot;
    try {
      this.#assertRunning();
      const { rows, progress, origin, checksum, bytes } = await table.backup(folder.tableOf(begun.id));
      const { position, positionId, log, reordered } = progress;
      const definition = definitionHash(origin.definition);
      const durationMs = Math.round(performance.now() - since);
      const facts = {
        position,
        rows,
        checksum,
        definition,
        format: formats.manifest,
        bytes,
        durationMs,
        log,
        reordered,
      };
      complete = { ...begun, ...facts, state: "complete", positionId, description: origin.definition };
      await folder.write(complete);
    } catch (error) {
      await this.#history!.fail(begun, error);
      this.#assertRunning(error);
      throw toStoreError(folder.path, error);
    }
    await this.#history!.end(begun.id);
    if (keep !== null) await this.#prune(keep, begun.id);
    return manifestOf(complete);
  }

  #assertRunning(cause?: unknown): void {
    if (this.#isStopping) throw new StoreUnavailableError(this.#d.aggregate, "is stopping", cause);
  }

  async #prune(keep: number, newest: string): Promise<void> {
    try {
      const others = (await this.list()).filter(({ id }) => id !== newest);
      // A snapshot whose outcome is not in the log yet is removed later.
      const surplus = others.slice(0, Math.max(others.length - keep + 1, 0));
      for (const { id } of surplus)
        if (!this.#inUse.includes(id) && !this.#history!.unrecorded.has(id)) await this.#configured().remove(id);
    } catch (error) {
      this.#d.warn(`${this.#d.aggregate}: old snapshots were not removed`, { error: String(error) });
    }
  }

  /** The complete snapshots, oldest first. Omits damaged ones with a warning. @throws SnapshotsNotConfiguredError */
  async list(): Promise<Manifest[]> {
    const folder = this.#configured();
    const manifests: Manifest[] = [];
    for (const id of await folder.ids())
      try {
        const found = await folder.read(id);
        if (found?.state === "complete" && found.table === this.#d.aggregate) manifests.push(manifestOf(found));
      } catch (error) {
        this.#d.warn(`${this.#d.aggregate}: ${(error as Error).message}`, { id });
      }
    return manifests;
  }

  /** True if this host has the snapshot, even if it is damaged. */
  async has(id: string, force: boolean): Promise<boolean> {
    try {
      const found = await this.#folder?.read(id);
      return found?.state === "complete" && (force || isOfDefinition(found, this.#d.definition));
    } catch {
      return true;
    }
  }

  /** @throws UnknownSnapshotError, SnapshotDamagedError, SnapshotsNotConfiguredError */
  async find(id: string): Promise<Manifest> {
    return manifestOf(await this.#complete(id));
  }

  async #complete(id: string): Promise<CompleteSnapshot> {
    const found = await this.#configured().read(id);
    if (found?.state !== "complete") throw new UnknownSnapshotError(this.#d.aggregate, id);
    return found;
  }

  /**
   * Checks that the snapshot belongs to this table, to this log and, without `force`, to the current definition. Its
   * data are checked by `restore`.
   * @throws SnapshotMismatchError, the errors of `find`, and errors of the store
   */
  async prove(id: string, { force = false }: { force?: boolean | undefined } = {}): Promise<Manifest> {
    return manifestOf(await this.#proved(id, force));
  }

  async #proved(id: string, force: boolean): Promise<CompleteSnapshot> {
    const snapshot = await this.#complete(id);
    const { aggregate, definition, logAfter } = this.#d;
    assertFits(snapshot, { table: aggregate, definition, log: await logAfter(snapshot.position) }, force);
    return snapshot;
  }

  /**
   * Restores a snapshot's rows, parked events and checkpoint into a separate generation, which is dropped after an error.
   * With `force`, rows of another definition are converted to the current fields.
   * @throws SnapshotDamagedError if its data are damaged, and the errors of `prove`
   */
  async restore(
    id: string,
    requestId: string,
    { force = false }: { force?: boolean | undefined } = {},
  ): Promise<Generation> {
    const snapshot = await this.#proved(id, force);
    const { table, fields, definition } = this.#d;
    this.#inUse.push(id);
    try {
      const restored = await this.#configured().readTable(id, (at) => table.restore(at, snapshot.checksum, requestId));
      if (isOfDefinition(snapshot, definition) && haveSameFields(restored.fields, fields)) return restored;
      try {
        // A snapshot without a stored definition passes the check of definitions, so only its fields reveal the difference.
        return await convertedGeneration({ id, restored, requestId, force }, table, fields);
      } finally {
        await this.#drop(restored);
      }
    } finally {
      this.#inUse.splice(this.#inUse.indexOf(id), 1);
    }
  }

  /**
   * Restores the newest snapshot of the current definition at or before a position; null if there is none. A snapshot that
   * cannot be restored is skipped with a warning.
   */
  async nearest(position: number): Promise<Generation | null> {
    if (!this.#folder) return null;
    const definition = definitionHash(this.#d.definition);
    const fitting = (await this.list()).filter((one) => one.definition === definition && one.position <= position);
    for (const { id } of fitting.toSorted((a, b) => b.position - a.position))
      try {
        return await this.restore(id, "");
      } catch (error) {
        this.#d.warn(`${this.#d.aggregate}: snapshot ${id} cannot be used`, { error: String(error) });
      }
    return null;
  }

  async #drop(generation: Generation): Promise<void> {
    // A table that was closed meanwhile has dropped the generation, or drops it at its next start.
    await this.#d.table.drop(generation).catch(() => {});
  }
}
