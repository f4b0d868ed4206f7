import { derivedEventId } from "../../../core/event/event-id.ts";
import { isOutage } from "../../../core/errors/outage.ts";
import { manifestOf, type Begun } from "./manifest.ts";
import { toStoreError, type SnapshotFolder } from "./folder.ts";

/** Stores a system event. A repeated call with the same id stores it once. */
export type RecordSnapshot = (type: string, payload: object, id: string) => Promise<unknown>;

interface Dependencies {
  aggregate: string;
  folder: SnapshotFolder;
  record: RecordSnapshot;
  warn: (message: string, details: object) => void;
}

const interrupted = "the process ended before the snapshot was complete";

/**
 * Records the start and outcome of snapshots, first in their folder, then in the log. An outcome that the log could not
 * store is remembered across restarts until it is stored. The folder of a failed snapshot is kept until then.
 */
export class SnapshotHistory {
  readonly #d: Dependencies;
  readonly #unrecorded = new Set<string>();
  /** The ids of snapshots whose outcome is not in the log yet. */
  readonly unrecorded: ReadonlySet<string> = this.#unrecorded;
  #recording: Promise<void> | null = null;
  #isClosed = false;
  #hasWarned = false;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
  }

  /** Finds the snapshots whose outcome is not in the log. A snapshot that its process did not complete has failed. */
  async open(): Promise<void> {
    const { folder, aggregate, warn } = this.#d;
    this.#isClosed = this.#hasWarned = false;
    this.#unrecorded.clear();
    const warnOf = (error: unknown) => warn(`${aggregate}: ${(error as Error).message}`, {});
    try {
      await folder.sweep();
      for (const id of await folder.ids()) await this.#check(id).catch(warnOf);
    } catch (error) {
      warnOf(error);
    }
  }

  async #check(id: string): Promise<void> {
    const { folder, aggregate } = this.#d;
    const found = await folder.read(id);
    if (!found || found.table !== aggregate) return;
    if (found.state === "complete" && (await folder.isRecorded(id))) return;
    this.#unrecorded.add(id);
    if (found.state === "running") await this.#markFailed(found, interrupted);
  }

  /** Waits for the running recording. The remaining outcomes are recorded after the next start. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#recording;
  }

  /** Creates the folder and records the start. After an error the snapshot is marked as failed or removed. */
  async begin(begun: Begun): Promise<void> {
    const { folder } = this.#d;
    const { id, table, node } = begun;
    await folder.begin({ ...begun, state: "running" });
    try {
      await this.#record(id, "started", { id, table, node });
    } catch (error) {
      // If the response was lost, the start may be stored, so the failure must be recorded as well.
      if (isCertain(error)) await folder.remove(id);
      else await this.#hasFailed(begun, error);
      throw error;
    }
  }

  /** Records the completion. The manifest must already be complete. */
  async end(id: string): Promise<void> {
    this.#unrecorded.add(id);
    await this.recordOutcomes();
    if (this.#unrecorded.has(id) && !this.#isClosed)
      this.#d.warn(`${this.#d.aggregate}: snapshot ${id} is complete, but its completion is not in the log yet`, {});
  }

  /** Removes the snapshot's data and records the failure. */
  async fail(begun: Begun, error: unknown): Promise<void> {
    await this.#hasFailed(begun, error);
    await this.recordOutcomes();
  }

  async #hasFailed(begun: Begun, error: unknown): Promise<void> {
    const { message } = toStoreError(this.#d.folder.path, error) as Error;
    await this.#markFailed(begun, message).catch((problem: unknown) =>
      this.#d.warn(`${this.#d.aggregate}: a failed snapshot was not removed`, { error: String(problem) }),
    );
    // Added last: the consumer may record outcomes at any moment, and until here the manifest's state was "running".
    this.#unrecorded.add(begun.id);
  }

  async #markFailed({ id, table, node, time }: Begun, error: string): Promise<void> {
    await this.#d.folder.removeTable(id);
    await this.#d.folder.write({ id, table, node, time, state: "failed", error });
  }

  /** Records the outstanding outcomes. Never throws, because it runs beside the caller's own work. */
  async recordOutcomes(): Promise<void> {
    if (this.#unrecorded.size === 0 || this.#isClosed) return;
    await (this.#recording ??= this.#recordAll().finally(() => (this.#recording = null)));
  }

  async #recordAll(): Promise<void> {
    for (const id of this.#unrecorded)
      try {
        await this.#recordOutcome(id);
        this.#unrecorded.delete(id);
      } catch (error) {
        if (!this.#hasWarned)
          this.#d.warn(`${this.#d.aggregate}: the outcome of snapshot ${id} is not in the log yet`, {
            error: String(error),
          });
        this.#hasWarned = true;
        // The others would wait for the same store, one timeout after the other.
        if (isOutage(error) || this.#isClosed) return;
      }
  }

  async #recordOutcome(id: string): Promise<void> {
    const { folder } = this.#d;
    const found = await folder.read(id);
    if (!found) return;
    const { table, node } = found;
    const begun = { id, table, node };
    // The start may not be stored yet. Its id is deterministic, so it is stored once.
    await this.#record(id, "started", begun);
    if (found.state === "complete") {
      await this.#record(id, "completed", manifestOf(found));
      await folder.markRecorded(id);
    } else {
      await this.#record(id, "failed", { ...begun, error: found.state === "failed" ? found.error : interrupted });
      await folder.remove(id);
    }
  }

  async #record(id: string, what: string, payload: object): Promise<void> {
    await this.#d.record(`$snapshot.${what}`, payload, derivedEventId(`snapshot/${id}/${what}`, 0));
  }
}

/** True for a rejection, after which nothing was stored. After an outage the event may be stored. */
function isCertain(error: unknown): boolean {
  const { type, code } = error as { type?: unknown; code?: unknown };
  const lost = ["SERVICE_NOT_AVAILABLE", "REQUEST_REJECTED", "REQUEST_TIMEOUT"];
  return type === "UNUSABLE_STORE" || (!lost.includes(String(type)) && Number(code) < 500);
}
