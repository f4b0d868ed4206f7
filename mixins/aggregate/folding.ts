import type { ParkedChoice } from "../../core/consumer-control.ts";
import { StoreUnavailableError } from "../../core/errors.ts";
import { sameFields, type Fields } from "../../core/fields.ts";
import type { Mapping } from "../../core/mapping.ts";
import type { Generation, ParkedEvent, Progress, ReadTable } from "../../core/read-table.ts";
import type { RecordedEvent } from "../../core/recorded-event.ts";
import { CatchUp } from "./catch-up.ts";
import type { Work } from "../consumer/consumer.ts";
import type { ErrorPolicy, Interruption } from "../consumer/error-policy.ts";
import type { EventSource } from "../consumer/event-source.ts";
import { Fold } from "./fold.ts";
import type { ConsumerMetrics } from "../metrics.ts";
import type { FoldSpans } from "../spans.ts";
import type { Transform, Transforms } from "./transform.ts";
import type { ConsumerPage } from "../consumer/consumer-page.ts";

export interface FoldingDependencies {
  name: string;
  store: string;
  table: ReadTable;
  fields: Fields;
  /** As `describeDefinition` says it. */
  definition: string;
  mappings: readonly Mapping<Transform>[];
  transforms: Transforms;
  source: Pick<EventSource, "page" | "event">;
  policy: ErrorPolicy;
  metrics: ConsumerMetrics | null;
  spans: FoldSpans | null;
  onCommit: () => void;
  info: (message: string, details: object) => void;
  warn: (message: string, details: object) => void;
}

/** The work of an aggregate: its table, the fold into it, and a new generation beside it where the fields have changed. */
export class Folding implements Work {
  readonly catchUp: CatchUp;
  readonly #d: FoldingDependencies;
  readonly #interruption: Interruption;
  #fold: Fold | null = null;
  #building: { generation: Generation; since: number } | null = null;
  #asked = 0;
  /** As the last page said. */
  #head = 0;

  constructor(dependencies: FoldingDependencies, interruption: Interruption) {
    this.#d = dependencies;
    this.#interruption = interruption;
    this.catchUp = new CatchUp(dependencies.name);
  }

  /** The generation that answers queries. */
  get live(): Generation {
    return this.#d.table.live();
  }

  async open(): Promise<void> {
    const { table, fields, definition, name, info } = this.#d;
    await table.open(fields, { definition, order: "" });
    let target = table.live();
    if (!sameFields(target.fields, fields)) {
      target = await table.build(fields, { definition, order: "" });
      this.#building = { generation: target, since: Date.now() };
      info(
        `${name} has other fields than its table; a new table is folded beside the old one, which answers until then`,
        {},
      );
    }
    this.#fold = await Fold.on({
      ...this.#d,
      ...this.#interruption,
      generation: target,
      onCommit: (folded) => this.#committed(folded),
    });
  }

  async close(): Promise<void> {
    this.#building = null;
    await this.#d.table.close();
  }

  #committed(folded: number): void {
    this.#d.onCommit();
    this.#d.metrics?.folded(folded);
    this.#measure();
    this.#reach();
  }

  #measure(): void {
    this.#d.metrics?.rebuilt(this.#building && this.#head > 0 ? this.progress.position / this.#head : 1);
  }

  #reach(): void {
    if (!this.#building) this.catchUp.reach(this.progress.position);
  }

  get progress(): Readonly<Progress> {
    return this.#fold?.progress ?? { position: 0, positionId: null, folded: 0, reordered: false, log: null };
  }

  /** How far the rows are that queries are answered from. */
  async livePosition(): Promise<number> {
    return this.#building ? (await this.live.progress()).position : this.progress.position;
  }

  get isStale(): boolean {
    return this.#building !== null;
  }

  rebuilding(head: number | null): false | { done: number; total: number; rate: number; secondsLeft: number | null } {
    if (!this.#building) return false;
    const done = this.progress.position;
    const total = head ?? done;
    const rate = Math.round((done * 1000) / Math.max(Date.now() - this.#building.since, 1));
    return { done, total, rate, secondsLeft: rate > 0 ? Math.ceil((total - done) / rate) : null };
  }

  async mayWork(): Promise<boolean> {
    this.#asked = this.catchUp.ask();
    return true;
  }

  note({ head }: ConsumerPage): void {
    this.catchUp.noteHead(this.#asked, this.#d.store, head);
    this.#head = head;
    this.#measure();
  }

  async handle(page: ConsumerPage): Promise<void> {
    const fold = this.#fold!;
    await fold.foldPage(page);
    if (this.#building && page.end && fold.progress.position === page.position && !fold.isTooOftenParked)
      await this.#switch();
    this.#reach();
  }

  async #switch(): Promise<void> {
    await this.#fold!.save();
    await this.#d.table.switchTo(this.#building!.generation);
    this.#building = null;
    this.#measure();
    this.#d.onCommit();
    this.#d.info(`${this.#d.name} answers from the new table`, { position: this.progress.position });
  }

  async save(): Promise<void> {
    await this.#fold?.save();
  }

  parked(): ParkedEvent[] {
    return this.#fold?.parked ?? [];
  }

  get isTooOftenParked(): boolean {
    return this.#fold?.isTooOftenParked ?? false;
  }

  forgetParkedInARow(): void {
    this.#fold?.forgetParkedInARow();
  }

  standStill(why: string): void {
    if (this.#interruption.isStopping()) this.catchUp.turnAway();
    else this.catchUp.standStill(this.progress.position, why);
  }

  async skip(skipped: ReadonlySet<string>): Promise<number> {
    await this.#fold!.skip(skipped);
    return this.#retryStreams(this.#waitingForNothing());
  }

  /** The streams whose failed event was given up, or was folded late when a crash or an outage kept the others from following. */
  #waitingForNothing(): Set<string> {
    const first = new Map<string, ParkedEvent>();
    for (const event of this.parked()) if (!first.has(event.stream)) first.set(event.stream, event);
    return new Set([...first.values()].flatMap(({ stream, error }) => (error ? [] : [stream])));
  }

  /** Tries parked events again, stream by stream. Without a choice: all of them. */
  async retry({ id, stream }: ParkedChoice): Promise<number> {
    const chosen = this.parked().filter(
      (event) => (id ?? event.id) === event.id && (stream ?? event.stream) === event.stream,
    );
    return this.#retryStreams(new Set(chosen.map((event) => event.stream)));
  }

  async #retryStreams(streams: ReadonlySet<string>): Promise<number> {
    let folded = 0;
    for (const stream of streams) {
      const waiting = this.parked().filter((event) => event.stream === stream);
      folded += await this.#fold!.retry(waiting, (id) => this.#read(id));
    }
    return folded;
  }

  /** A stop waits for one retry, not for all that are asked for. */
  async #read(id: string): Promise<RecordedEvent> {
    if (this.#interruption.isStopping()) throw new StoreUnavailableError(this.#d.name, "is stopping");
    return this.#d.source.event(id);
  }
}
