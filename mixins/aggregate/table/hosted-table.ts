import type { RebuildRequest } from "../../../core/consumer/consumer-control.ts";
import { definitionChanges } from "../../../core/rows/definition.ts";
import type { Generation, ParkedStream, Progress } from "../../../core/table/read-table.ts";
import { countOf } from "../../consumer/parked-streams.ts";
import type { LeaseHold, LeaseSource } from "../../consumer/lease-hold.ts";
import { TableLease } from "./table-lease.ts";
import { FoldedTable, type FoldedTableDependencies } from "./folded-table.ts";
import { refuseChange } from "../rebuild/definition-change.ts";
import type { RebuildProgress } from "../rebuild/progress.ts";
import { ToldProgress, type StandbyView, type ToldRebuild } from "../rebuild/told-progress.ts";

interface Dependencies extends FoldedTableDependencies {
  node: string;
  source: LeaseSource;
  /** What is folded aside is to go on from what is stored of it. */
  renewAside: () => Promise<void>;
  /** Another host folds from now on. */
  onLeave: () => void;
}

/** A table that another host folds, as it was seen last. */
interface Seen {
  /** Null before the first look. */
  live: Generation | null;
  progress: Readonly<Progress>;
  parked: readonly ParkedStream[];
  isStale: boolean;
}

const unseen: Seen = {
  live: null,
  progress: { position: 0, positionId: null, folded: 0, reordered: false, log: null },
  parked: [],
  isStale: false,
};

/** The table as this host has it: it folds it, or looks on while another does. */
export class HostedTable {
  readonly #d: Dependencies;
  /** Null where this host has the table for itself. */
  #charge: TableLease | null = null;
  #folded: FoldedTable | null = null;
  #seen: Seen = unseen;
  readonly #told = new ToldProgress();

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
  }

  /** Null while another host folds it, and while it is closed. */
  get folded(): FoldedTable | null {
    return this.#folded;
  }

  get isShared(): boolean {
    return this.#d.table.capabilities.hosts === "many";
  }

  /** Null where this host has the table for itself. */
  get lease(): LeaseHold | null {
    return this.#charge?.lease ?? null;
  }

  /** The generation that answers queries. */
  get live(): Generation {
    return this.#d.table.live();
  }

  async open(): Promise<void> {
    const { table, fields, definition } = this.#d;
    await table.open(fields, { definition, order: "" });
    try {
      if (this.isShared) {
        this.#charge = new TableLease(this.#d);
        refuseChange(this.#d);
        await this.#look();
      } else await this.#begin();
    } catch (error) {
      await table.close();
      throw error;
    }
  }

  /** Nothing is written any more when another host may fold. */
  async close(): Promise<void> {
    this.#leave();
    await this.#d.table.close();
    await this.#charge?.release();
  }

  /** Whether this host folds: it does where it has the table for itself, or is or comes in charge. */
  async acquire(): Promise<boolean> {
    if (!this.#charge) return true;
    const held = await this.#charge.acquire();
    if (held === "new" || held === "another's") this.#leave();
    if (held === "another's") {
      await this.#look();
      return false;
    }
    if (held === "kept" && this.#folded) return true;
    await this.doubtfully(() => this.#goOn(this.#charge!));
    return true;
  }

  async #goOn(charge: TableLease): Promise<void> {
    await this.#d.table.refresh();
    if (this.#folded && (await this.#reload())) return;
    try {
      await this.#begin();
    } catch (error) {
      // Another may be able to: of another definition, or where the table is within reach.
      await charge.release();
      throw error;
    }
  }

  async #begin(): Promise<void> {
    this.#leave();
    this.#folded = await FoldedTable.begin(this.#d);
  }

  async #reload(): Promise<boolean> {
    await this.#d.renewAside();
    return this.#folded!.reload();
  }

  #leave(): void {
    if (!this.#folded) return;
    const { live, progress, isStale, fold } = this.#folded;
    this.#seen = { live, progress, isStale, parked: fold.parked };
    this.#folded = null;
    this.#d.onLeave();
  }

  async #look(): Promise<void> {
    await this.#d.table.refresh();
    const { live } = this;
    const isStale = definitionChanges(live.origin.definition, this.#d.definition).length > 0;
    this.#seen = { live, progress: await live.progress(), parked: await live.parked(), isStale };
  }

  /** What fails on a shared table may have been stored all the same, or the table may be another host's by now. */
  async doubtfully<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    try {
      return await work();
    } catch (error) {
      this.#charge?.outcomeUnknown();
      throw error;
    }
  }

  get progress(): Readonly<Progress> {
    return this.#folded?.progress ?? this.#seen.progress;
  }

  /** How far the rows are that queries are answered from. */
  async livePosition(): Promise<number> {
    if (this.#folded && !this.#folded.isFollowingChange) return this.progress.position;
    await this.#d.table.refresh();
    return (await this.live.progress()).position;
  }

  /** What another node has broadcast of its rebuild. */
  noteTold(told: ToldRebuild): void {
    this.#told.note(told, this.#standby);
  }

  /** Of the table that the lease's holder builds, by the last order. */
  toldProgress(order: RebuildRequest | null): false | RebuildProgress {
    return this.#told.at(this.#standby, order);
  }

  get #standby(): StandbyView {
    return { holder: this.lease?.heldBy ?? null, live: this.#seen.live };
  }

  get isStale(): boolean {
    return this.#folded?.isStale ?? this.#seen.isStale;
  }

  get parked(): readonly ParkedStream[] {
    return this.#folded?.fold.parked ?? this.#seen.parked;
  }

  /** The events that are set aside, those that wait included. */
  get parkedCount(): number {
    return this.#folded?.fold.parkedCount ?? this.#seen.parked.reduce((sum, stream) => sum + countOf(stream), 0);
  }
}
