import type { Fields } from "../../core/rows/fields.ts";
import type {
  Batch,
  Generation,
  LiveGeneration,
  Origin,
  ParkedStream,
  Progress,
  ReadTable,
  Rows,
  TableBackup,
  TableCapabilities,
  TableOpenOptions,
} from "../../core/table/read-table.ts";
import type { ProcessLifetime } from "./process-lifetime.ts";
import type { RowChange } from "../../core/rows/row-change.ts";

const rowsIn = (lifetime: ProcessLifetime, rows: Rows): Rows => ({
  find: (query) => lifetime.call(() => rows.find(query)),
  count: (query) => lifetime.call(() => rows.count(query)),
  findByIds: (ids) => lifetime.call(() => rows.findByIds(ids)),
});

/** A table of a process that can crash. */
export class CrashingTable implements ReadTable {
  readonly #table: ReadTable;
  readonly #current: () => ProcessLifetime;
  lifetime: ProcessLifetime;
  readonly #generations = new WeakMap<Generation, CrashingGeneration>();

  constructor(table: ReadTable, current: () => ProcessLifetime) {
    this.#table = table;
    this.#current = current;
    this.lifetime = current();
  }

  get engine(): string {
    return this.#table.engine;
  }

  get capabilities(): TableCapabilities {
    return this.#table.capabilities;
  }

  get snapshotFolder(): string | null {
    return this.#table.snapshotFolder;
  }

  async open(fields: Fields, origin?: Origin, options?: TableOpenOptions): Promise<void> {
    this.lifetime = this.#current();
    await this.lifetime.call(() => this.#table.open(fields, origin, options));
  }

  async close(): Promise<void> {
    await this.lifetime.settled();
    await this.#table.close();
  }

  takeOver(): Promise<void> {
    return this.lifetime.call(() => this.#table.takeOver());
  }

  refresh(): Promise<void> {
    return this.lifetime.call(() => this.#table.refresh());
  }

  live(): Generation {
    this.lifetime.check();
    return this.#crashing(this.#table.live());
  }

  lives(): Promise<LiveGeneration[]> {
    return this.lifetime.call(() => this.#table.lives());
  }

  async build(fields: Fields, origin?: Origin): Promise<Generation> {
    return this.#crashing(await this.lifetime.call(() => this.#table.build(fields, origin)));
  }

  async copy(fields: Fields, origin: Origin): Promise<Generation> {
    return this.#crashing(await this.lifetime.call(() => this.#table.copy(fields, origin)));
  }

  async switchTo(generation: Generation): Promise<void> {
    this.lifetime.reach("built");
    await this.lifetime.call(() => this.#table.switchTo(realOf(generation)));
    this.lifetime.reach("switched");
  }

  async backup(folder: string): Promise<TableBackup> {
    const backup = await this.lifetime.call(() => this.#table.backup(folder));
    this.lifetime.reach("backed up");
    return backup;
  }

  async restore(folder: string, checksum: string, requestId: string): Promise<Generation> {
    return this.#crashing(await this.lifetime.call(() => this.#table.restore(folder, checksum, requestId)));
  }

  drop(generation: Generation): Promise<void> {
    return this.lifetime.call(() => this.#table.drop(realOf(generation)));
  }

  dropOwner(owner: string): Promise<void> {
    return this.lifetime.call(() => this.#table.dropOwner(owner));
  }

  /** One wrapper per generation, since callers compare them. */
  #crashing(generation: Generation): CrashingGeneration {
    const known = this.#generations.get(generation);
    if (known) return known;
    const made = new CrashingGeneration(generation, this.lifetime);
    this.#generations.set(generation, made);
    return made;
  }
}

const realOf = (generation: Generation): Generation =>
  generation instanceof CrashingGeneration ? generation.real : generation;

class CrashingGeneration implements Generation {
  readonly real: Generation;
  readonly number: number;
  readonly owner: string;
  readonly fields: Fields;
  readonly origin: Readonly<Origin>;
  readonly rows: Rows;
  readonly #lifetime: ProcessLifetime;

  constructor(real: Generation, lifetime: ProcessLifetime) {
    this.real = real;
    this.number = real.number;
    this.owner = real.owner;
    this.fields = real.fields;
    this.origin = real.origin;
    this.rows = rowsIn(lifetime, real.rows);
    this.#lifetime = lifetime;
  }

  redefine(definition: string): Promise<void> {
    return this.#lifetime.call(() => this.real.redefine(definition));
  }

  progress(): Promise<Progress> {
    return this.#lifetime.call(() => this.real.progress());
  }

  parked(): Promise<ParkedStream[]> {
    return this.#lifetime.call(() => this.real.parked());
  }

  async begin(): Promise<Batch> {
    this.#lifetime.check();
    const batch = await this.real.begin();
    if (this.#lifetime.hasEnded) await batch.rollback();
    this.#lifetime.check();
    return new CrashingBatch(batch, this.#lifetime);
  }
}

class CrashingBatch implements Batch {
  readonly rows: Rows;
  readonly #batch: Batch;
  readonly #lifetime: ProcessLifetime;
  readonly #forget: () => void;

  constructor(batch: Batch, lifetime: ProcessLifetime) {
    this.#batch = batch;
    this.#lifetime = lifetime;
    this.rows = rowsIn(lifetime, batch.rows);
    this.#forget = lifetime.whileOpen(() => batch.rollback());
  }

  async apply(changes: readonly RowChange[]): Promise<void> {
    this.#lifetime.reach("transformed");
    await this.#lifetime.call(() => this.#batch.apply(changes));
    this.#lifetime.reach("rows written");
  }

  mark(): Promise<void> {
    return this.#lifetime.call(() => this.#batch.mark());
  }

  undo(): Promise<void> {
    return this.#lifetime.call(() => this.#batch.undo());
  }

  park(event: ParkedStream): Promise<void> {
    return this.#lifetime.call(() => this.#batch.park(event));
  }

  unpark(id: string): Promise<void> {
    return this.#lifetime.call(() => this.#batch.unpark(id));
  }

  async commit(progress: Progress): Promise<void> {
    await this.#lifetime.call(() => this.#batch.commit(progress));
    this.#forget();
    this.#lifetime.reach("checkpoint written");
  }

  /** After the crash nothing is left to roll back. */
  async rollback(): Promise<void> {
    if (this.#lifetime.hasEnded) return;
    this.#forget();
    await this.#batch.rollback();
  }
}
