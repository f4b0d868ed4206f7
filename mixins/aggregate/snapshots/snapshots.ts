import { described } from "../../../core/errors/problem.ts";
import { definitionHash } from "../../../core/rows/definition.ts";
import { StoreUnavailableError } from "../../../core/errors/errors.ts";
import {
  SnapshotMismatchError,
  SnapshotsNotConfiguredError,
  UnknownSnapshotError,
} from "../../../core/errors/snapshot-errors.ts";
import { newEventId } from "../../../core/event/event-id.ts";
import type { Fields } from "../../../core/rows/fields.ts";
import type { Generation, ReadTable } from "../../../core/table/read-table.ts";
import { convertRows } from "./convert-rows.ts";
import { format, manifestOf, type Begun, type CompleteSnapshot, type Manifest } from "./manifest.ts";
import { haveSameFields, howToForce, isOfDefinition, refuseMisfit, type LogPlace } from "./fit.ts";
import { SnapshotFolder, translate } from "./folder.ts";
import { SnapshotHistory, type RecordSnapshot } from "./history.ts";

interface Dependencies {
  aggregate: string;
  node: string;
  /** Where they stand, and those of no other table; null: nowhere, and `whyNone` says why. */
  folder: string | null;
  whyNone: string;
  /** So many complete ones are kept; null: all. */
  keep: number | null;
  table: ReadTable;
  fields: Fields;
  /** Today's, as `describeDefinition` tells it. */
  definition: string;
  logAfter: (position: number) => Promise<LogPlace>;
  record: RecordSnapshot;
  warn: (message: string, details: object) => void;
}

/**
 * The snapshots of one host's table: taken, listed, proved, and restored into a generation beside the live one.
 *
 * Folding goes on while one is taken: the engine copies a consistent view. They are taken one at a time; who asks
 * meanwhile waits his turn. Each begins with its folder and `$snapshot.started` in the history, and ends with
 * `$snapshot.completed` or `$snapshot.failed`. What the store does not take at the end is recorded later, by `tidy`.
 */
export class Snapshots {
  readonly #d: Dependencies;
  readonly #folder: SnapshotFolder | null;
  readonly #history: SnapshotHistory | null;
  /** Not to be removed now. */
  readonly #inUse: string[] = [];
  #turn: Promise<unknown> = Promise.resolve();
  #isStopping = false;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
    const { folder, aggregate, record, warn } = dependencies;
    this.#folder = folder === null ? null : new SnapshotFolder(folder);
    this.#history = this.#folder && new SnapshotHistory({ aggregate, folder: this.#folder, record, warn });
  }

  #configured(): SnapshotFolder {
    if (!this.#folder) throw new SnapshotsNotConfiguredError(this.#d.aggregate, this.#d.whyNone);
    return this.#folder;
  }

  /** What a killed process left unfinished is removed. Nothing waits for the store, and nothing here keeps a table from its start. */
  async start(): Promise<void> {
    this.#isStopping = false;
    await this.#history?.open();
  }

  /** Ends when nothing is written any more. A backup that runs ends when the table is closed. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all([this.#history?.close(), this.#turn]);
  }

  /** There is something for `tidy`. */
  get isUntidy(): boolean {
    return this.#history?.hasUntold ?? false;
  }

  /** Records what the store would not take before. To be called when it has answered; it never fails. */
  async tidy(): Promise<void> {
    await this.#history?.tell();
  }

  /**
   * Takes one; the live table is untouched, whatever happens. `keep`: how many there may be afterwards, this one included;
   * the oldest are removed.
   * @throws SnapshotsNotConfiguredError, UnusableStoreError, StoreUnavailableError
   */
  take({ keep = this.#d.keep }: { keep?: number | null | undefined } = {}): Promise<Manifest> {
    const taken = this.#turn.then(() => this.#take(keep));
    this.#turn = taken.catch(() => {});
    return taken;
  }

  async #take(keep: number | null): Promise<Manifest> {
    const folder = this.#configured();
    this.#refuseWhenStopping();
    const { aggregate, node, table } = this.#d;
    const since = performance.now();
    const begun: Begun = { id: newEventId(), aggregate, node, time: new Date().toISOString() };
    await this.#history!.begin(begun);
    let complete: CompleteSnapshot;
    try {
      this.#refuseWhenStopping();
      const { rows, progress, origin, checksum, bytes } = await table.backup(folder.tableOf(begun.id));
      const { position, positionId, log, reordered } = progress;
      const definition = definitionHash(origin.definition);
      const durationMs = Math.round(performance.now() - since);
      const facts = { position, rows, checksum, definition, format, bytes, durationMs, log, reordered };
      complete = { ...begun, ...facts, state: "complete", positionId, description: origin.definition };
      await folder.write(complete);
    } catch (error) {
      await this.#history!.fail(begun, error);
      this.#refuseWhenStopping(error);
      throw translate(folder.path, error);
    }
    await this.#history!.end(begun.id);
    if (keep !== null) await this.#prune(keep, begun.id);
    return manifestOf(complete);
  }

  #refuseWhenStopping(cause?: unknown): void {
    if (this.#isStopping) throw new StoreUnavailableError(this.#d.aggregate, "is stopping", cause);
  }

  async #prune(keep: number, newest: string): Promise<void> {
    try {
      const others = (await this.list()).filter(({ id }) => id !== newest);
      // What the history does not know yet goes another time.
      const surplus = others.slice(0, Math.max(others.length - keep + 1, 0));
      for (const { id } of surplus)
        if (!this.#inUse.includes(id) && !this.#history!.isUntold(id)) await this.#configured().remove(id);
    } catch (error) {
      this.#d.warn(`${this.#d.aggregate}: old snapshots were not removed`, { error: String(error) });
    }
  }

  /** The complete ones, oldest first; damaged ones are left out, with a warning. @throws SnapshotsNotConfiguredError */
  async list(): Promise<Manifest[]> {
    const folder = this.#configured();
    const manifests: Manifest[] = [];
    for (const id of await folder.ids())
      try {
        const found = await folder.read(id);
        if (found?.state === "complete" && found.aggregate === this.#d.aggregate) manifests.push(manifestOf(found));
      } catch (error) {
        this.#d.warn(`${this.#d.aggregate}: ${(error as Error).message}`, { id });
      }
    return manifests;
  }

  /** Whether it is here, damaged or not. */
  async has(id: string): Promise<boolean> {
    try {
      return (await this.#folder?.read(id))?.state === "complete";
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
   * That it is of this aggregate, of this log and, without `force`, of today's definition. Its data are checked when it
   * is restored.
   * @throws SnapshotMismatchError, and as `find`; what the store answers where it cannot say
   */
  async prove(id: string, { force = false }: { force?: boolean | undefined } = {}): Promise<Manifest> {
    return manifestOf(await this.#proved(id, force));
  }

  async #proved(id: string, force: boolean): Promise<CompleteSnapshot> {
    const snapshot = await this.#complete(id);
    const { aggregate, definition, logAfter } = this.#d;
    refuseMisfit(snapshot, { aggregate, definition, log: await logAfter(snapshot.position) }, force);
    return snapshot;
  }

  /**
   * A generation beside the live one with the rows of a snapshot, its parked events and its checkpoint; on an error
   * nothing of it is left. With `force`, rows of another definition are converted to today's fields.
   * @throws SnapshotDamagedError where its data are not what was written, and as `prove`
   */
  async restore(
    id: string,
    order: string,
    { force = false }: { force?: boolean | undefined } = {},
  ): Promise<Generation> {
    const snapshot = await this.#proved(id, force);
    const { table, fields, definition } = this.#d;
    this.#inUse.push(id);
    try {
      const restored = await this.#configured().readTable(id, (at) => table.restore(at, snapshot.checksum, order));
      if (isOfDefinition(snapshot, definition) && haveSameFields(restored.fields, fields)) return restored;
      try {
        return await this.#converted(id, restored, order, force);
      } finally {
        await this.#drop(restored);
      }
    } finally {
      this.#inUse.splice(this.#inUse.indexOf(id), 1);
    }
  }

  /**
   * The newest one of today's definition that is at a position or before it, as a generation beside the live one; null
   * where there is none. One that cannot be restored is passed over, with a warning.
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

  async #converted(id: string, restored: Generation, order: string, force: boolean): Promise<Generation> {
    const { table, fields } = this.#d;
    // Nobody said by what they were folded, so that nothing was noticed before.
    if (!force)
      throw new SnapshotMismatchError(id, {
        field: "fields",
        found: described([...restored.fields.keys()].join(", ")),
        expected: `today's (${[...fields.keys()].join(", ")}) in their order, each as it is declared; ${howToForce}`,
      });
    // Today's fields, but rows by another definition: the table is stale until it is rebuilt.
    const today = await table.build(fields, { definition: restored.origin.definition, order });
    try {
      await convertRows(id, restored, today);
      return today;
    } catch (error) {
      await this.#drop(today);
      throw error;
    }
  }

  async #drop(generation: Generation): Promise<void> {
    // Closed meanwhile, a table has dropped it, or does so at its next start.
    await this.#d.table.drop(generation).catch(() => {});
  }
}
