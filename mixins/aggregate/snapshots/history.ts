import { eventIdOfKey } from "../../../core/event/event-id.ts";
import { isOutage } from "../../../core/errors/outage.ts";
import { manifestOf, type Begun } from "./manifest.ts";
import { translate, type SnapshotFolder } from "./folder.ts";

/** Stores a system event; the same again under its id stores once. */
export type RecordSnapshot = (type: string, payload: object, id: string) => Promise<unknown>;

interface Dependencies {
  aggregate: string;
  folder: SnapshotFolder;
  record: RecordSnapshot;
  warn: (message: string, details: object) => void;
}

const halfWay = "the process ended before the snapshot was complete";

/**
 * How snapshots begin and end: in their folder first, then in the log. What the log would not take is remembered, over
 * a restart too, until it does; a failed one's folder is there as long.
 */
export class SnapshotHistory {
  readonly #d: Dependencies;
  /** They have ended, and the log does not know. */
  readonly #untold = new Set<string>();
  #telling: Promise<void> | null = null;
  #isClosed = false;
  #hasWarned = false;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
  }

  get hasUntold(): boolean {
    return this.#untold.size > 0;
  }

  isUntold(id: string): boolean {
    return this.#untold.has(id);
  }

  /** Looks for what has ended without the log's knowledge; what was not complete when its process ended has failed. */
  async open(): Promise<void> {
    const { folder, aggregate, warn } = this.#d;
    this.#isClosed = this.#hasWarned = false;
    this.#untold.clear();
    const warnOf = (error: unknown) => warn(`${aggregate}: ${(error as Error).message}`, {});
    try {
      await folder.sweep();
      for (const id of await folder.ids()) await this.#look(id).catch(warnOf);
    } catch (error) {
      warnOf(error);
    }
  }

  async #look(id: string): Promise<void> {
    const { folder, aggregate } = this.#d;
    const found = await folder.read(id);
    if (!found || found.aggregate !== aggregate) return;
    if (found.state === "complete" && (await folder.isRecorded(id))) return;
    this.#untold.add(id);
    if (found.state === "running") await this.#setAside(found, halfWay);
  }

  /** What is being told is told; the rest is told after the next start. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#telling;
  }

  /** @throws what the folder or the store answers; then the snapshot has failed, or nothing of it is left */
  async begin(begun: Begun): Promise<void> {
    const { folder } = this.#d;
    const { id, aggregate, node } = begun;
    await folder.begin({ ...begun, state: "running" });
    try {
      await this.#record(id, "started", { id, aggregate, node });
    } catch (error) {
      // An answer that was lost says nothing of what was stored: the history gets to know the end as well.
      if (isCertain(error)) await folder.remove(id);
      else await this.#hasFailed(begun, error);
      throw error;
    }
  }

  /** Its manifest says that it is complete. */
  async end(id: string): Promise<void> {
    this.#untold.add(id);
    await this.tell();
    if (this.#untold.has(id) && !this.#isClosed)
      this.#d.warn(`${this.#d.aggregate}: snapshot ${id} is complete, but that is not in the log yet`, {});
  }

  /** Its data are removed. */
  async fail(begun: Begun, error: unknown): Promise<void> {
    await this.#hasFailed(begun, error);
    await this.tell();
  }

  async #hasFailed(begun: Begun, error: unknown): Promise<void> {
    const { message } = translate(this.#d.folder.path, error) as Error;
    await this.#setAside(begun, message).catch((problem: unknown) =>
      this.#d.warn(`${this.#d.aggregate}: a failed snapshot was not removed`, { error: String(problem) }),
    );
    // Only now: the consumer may tell the log at any moment, and its manifest said "running" until then.
    this.#untold.add(begun.id);
  }

  async #setAside({ id, aggregate, node, time }: Begun, error: string): Promise<void> {
    await this.#d.folder.removeTable(id);
    await this.#d.folder.write({ id, aggregate, node, time, state: "failed", error });
  }

  /** Tells the log what it does not know yet. It never fails: who calls it has other things to do. */
  async tell(): Promise<void> {
    if (this.#untold.size === 0 || this.#isClosed) return;
    await (this.#telling ??= this.#tellAll().finally(() => (this.#telling = null)));
  }

  async #tellAll(): Promise<void> {
    for (const id of this.#untold)
      try {
        await this.#tellOf(id);
        this.#untold.delete(id);
      } catch (error) {
        if (!this.#hasWarned)
          this.#d.warn(`${this.#d.aggregate}: how snapshot ${id} ended is not in the log yet`, {
            error: String(error),
          });
        this.#hasWarned = true;
        // The others would wait for the same store, one time-out after the other.
        if (isOutage(error) || this.#isClosed) return;
      }
  }

  async #tellOf(id: string): Promise<void> {
    const { folder } = this.#d;
    const found = await folder.read(id);
    if (!found) return;
    const { aggregate, node } = found;
    const begun = { id, aggregate, node };
    // It may have been lost on its way; there it is stored once.
    await this.#record(id, "started", begun);
    if (found.state === "complete") {
      await this.#record(id, "completed", manifestOf(found));
      await folder.noteRecorded(id);
    } else {
      await this.#record(id, "failed", { ...begun, error: found.state === "failed" ? found.error : halfWay });
      await folder.remove(id);
    }
  }

  async #record(id: string, what: string, payload: object): Promise<void> {
    await this.#d.record(`$snapshot.${what}`, payload, eventIdOfKey(`snapshot/${id}/${what}`, 0));
  }
}

/** A refusal: nothing was stored. A store that is unavailable may have stored it, and lost its answer. */
function isCertain(error: unknown): boolean {
  const { type, code } = error as { type?: unknown; code?: unknown };
  const lost = ["SERVICE_NOT_AVAILABLE", "REQUEST_REJECTED", "REQUEST_TIMEOUT"];
  return !lost.includes(String(type)) && Number(code) < 500;
}
