import { StoreUnavailableError } from "../../../core/errors/errors.ts";
import { fieldsFromText, type Fields } from "../../../core/rows/fields.ts";
import type { Generation, Origin, ParkedStream, Progress, Rows } from "../../../core/table/read-table.ts";
import { RowChanges } from "../rows/row-changes.ts";
import { JournaledBatch } from "./batch.ts";
import { CommittedRows } from "./committed-rows.ts";
import { Commits, type CommitsOfHost } from "./commits.ts";
import { RowCache } from "./row-cache.ts";
import type { RowStore } from "./row-store.ts";
import type { Source } from "./selection.ts";
import { progressOf, type StoredGeneration } from "./stored-generation.ts";

/** One host's handle of a generation: its committed rows, its batch and its progress. */
export class JournaledGeneration implements Generation {
  readonly number: number;
  readonly owner: string;
  readonly fields: Fields;
  readonly origin: Origin;
  readonly rows: Rows;
  readonly #store: RowStore;
  readonly #commits: Commits;
  readonly #source: Source;
  readonly #changes: RowChanges;
  #cache: { rows: RowCache; asOf: number } | null = null;
  #batch: JournaledBatch | null = null;

  /**
   * @param host the owner as this host names it, the epoch of its last takeover, and the host's log
   * @param successor the rows of the generation that replaced this one; null if none did
   */
  constructor(
    store: RowStore,
    stored: StoredGeneration,
    host: CommitsOfHost & { owner: string },
    successor: (of: JournaledGeneration) => Promise<Rows | null>,
  ) {
    const { number, definition, requestId } = stored;
    this.#store = store;
    this.number = number;
    this.owner = host.owner;
    this.fields = fieldsFromText(stored.fields);
    this.origin = { definition, requestId };
    this.#commits = new Commits(store, stored, host);
    this.#changes = new RowChanges(this.fields);
    const documents = store.documents(number, "rows");
    const { sortsByBytes } = store;
    this.#source = { documents, fields: this.fields, sortsByBytes };
    this.rows = new CommittedRows(documents, this.fields, sortsByBytes, () => successor(this));
  }

  async redefine(definition: string): Promise<void> {
    await this.#commits.redefine(definition);
    this.origin.definition = definition;
  }

  async progress(): Promise<Progress> {
    const stored = await this.#commits.settled();
    this.origin.definition = stored.definition;
    return progressOf(stored);
  }

  async parked(): Promise<ParkedStream[]> {
    const events: ParkedStream[] = [];
    for await (const { content } of this.#store.documents(this.number, "parked").find({}))
      events.push(JSON.parse(content!["event"] as string) as ParkedStream);
    return events.toSorted((a, b) => a.position - b.position);
  }

  /** @throws StoreUnavailableError if another host may have committed since this host read the progress */
  async begin(): Promise<JournaledBatch> {
    const { location, maxBytes } = this.#store;
    if (this.#batch?.hasEnded === false)
      throw new StoreUnavailableError(location, "a batch is running; there is one at a time");
    const asOf = this.#commits.known;
    if (asOf === null) throw this.#commits.takenOver();
    if (this.#cache?.asOf !== asOf || this.#cache.rows.isFull)
      this.#cache = { rows: new RowCache(this.#source, this.#changes.uniqueFields, asOf === 0), asOf };
    const cache = this.#cache;
    return (this.#batch = new JournaledBatch({
      location,
      maxBytes,
      source: this.#source,
      changes: this.#changes,
      cache: cache.rows,
      commit: async (writes, progress) => {
        await this.#commits.commit(writes, progress);
        cache.asOf = this.#commits.known!;
      },
    }));
  }

  /** The progress has to be read again before the next batch. */
  forget(): void {
    this.#commits.forget();
  }

  close(): void {
    void this.#batch?.rollback();
    this.forget();
  }
}
