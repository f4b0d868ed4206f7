import { definitionChanges, mixedDefinition } from "../../../core/rows/definition.ts";
import type { Generation } from "../../../core/table/read-table.ts";
import { ParkedStreams } from "../../consumer/parked-streams.ts";
import type { ConsumerPage } from "../../consumer/consumer-page.ts";
import type { LeaseHold, LeaseSource } from "../../consumer/lease-hold.ts";
import type { Holding } from "../../consumer/work.ts";
import type { Fold } from "../fold/fold.ts";
import { refuseChange, startPlanOf, type StartDependencies } from "../rebuild/definition-change.ts";
import { TableLease } from "./table-lease.ts";
import { unseen, type TableState } from "./table-state.ts";

interface Dependencies extends StartDependencies {
  node: string;
  source: LeaseSource;
  newFold: (generation: Generation) => Promise<Fold>;
  /** What is built beside the table is to go on from what is stored of it. */
  reloadBuild: () => Promise<void>;
  /** Another host folds from now on. */
  onLeave: () => void;
}

/** The table as this host has it: it folds it, or looks on while another does. */
export class HostedTable {
  /** Replaced when it changes; read by others, written here alone. */
  state: TableState = unseen;
  /** Null where this host has the table for itself. */
  lease: LeaseHold | null = null;
  /** Other hosts may change it without notifying this one. */
  readonly isShared: boolean;
  readonly #d: Dependencies;
  #lease: TableLease | null = null;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
    this.isShared = dependencies.table.capabilities.hosts === "many";
  }

  /** The generation that answers queries. */
  get live(): Generation {
    return this.#d.table.live();
  }

  async open(): Promise<void> {
    const { table, fields, definition, debug } = this.#d;
    await table.open(fields, { definition, order: "" }, { debug });
    try {
      if (this.isShared) {
        this.#lease = new TableLease(this.#d);
        this.lease = this.#lease.lease;
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
    await this.#lease?.release();
  }

  /** Without a lease this host always folds. */
  async acquire(): Promise<Holding> {
    return this.#lease ? this.#acquire(this.#lease) : "kept";
  }

  async #acquire(lease: TableLease): Promise<Holding> {
    const held = await lease.acquire();
    if (held === "new" || held === "other") this.#leave();
    if (held === "other") {
      await this.#look();
      return "other";
    }
    if (held === "kept" && this.state.fold) return "kept";
    await this.guard(() => this.#goOn(lease));
    return "new";
  }

  async #goOn(lease: TableLease): Promise<void> {
    await this.#d.table.refresh();
    const { fold } = this.state;
    if (fold && (await this.#reload(fold))) return;
    try {
      await this.#begin();
    } catch (error) {
      // Another host may be able to: of another definition, or where the table is within reach.
      await lease.release();
      throw error;
    }
  }

  /** @throws UnusableStoreError if its definition is not today's and `onChange` refuses that */
  async #begin(): Promise<void> {
    this.#leave();
    const { generation, ...plan } = await startPlanOf(this.#d);
    const fold = await this.#d.newFold(generation);
    const { live } = this;
    const successor = generation === live ? null : { generation, since: Date.now() };
    const { settled: progress, parked } = fold.state;
    this.state = { ...plan, fold, live, successor, progress, parked };
  }

  /** Goes on from what is stored. False if another host has put another generation in the live one's place. */
  async #reload(fold: Fold): Promise<boolean> {
    await this.#d.reloadBuild();
    if (this.live !== this.state.live) return false;
    await fold.reload();
    this.noteProgress();
    return true;
  }

  #leave(): void {
    if (!this.state.fold) return;
    this.state = { ...this.state, fold: null, successor: null, isMixing: false, blockedBy: null };
    this.#d.onLeave();
  }

  async #look(): Promise<void> {
    await this.#d.table.refresh();
    const { live } = this;
    const isStale = definitionChanges(live.origin.definition, this.#d.definition).length > 0;
    const parked = new ParkedStreams(await live.parked());
    this.state = { ...unseen, live, progress: await live.progress(), parked, isStale };
  }

  /** What fails on a shared table may have been stored all the same, or another host may fold it by now. */
  guard<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    return this.#lease ? this.#guarded(this.#lease, work) : work();
  }

  async #guarded<Answer>(lease: TableLease, work: () => Promise<Answer>): Promise<Answer> {
    try {
      return await work();
    } catch (error) {
      lease.outcomeUnknown();
      throw error;
    }
  }

  /** The fold has committed, or passed events that are not mapped. */
  noteProgress(): void {
    const progress = this.state.fold?.state.settled;
    if (progress && progress !== this.state.progress) this.state = { ...this.state, progress };
  }

  /** Whether another generation answers from now on. */
  async foldPage(fold: Fold, page: ConsumerPage): Promise<boolean> {
    if (page.events.length > 0 && this.state.isMixing) await this.noteMixture();
    await fold.foldPage(page);
    if (fold.state.settled !== this.state.progress) this.noteProgress();
    const { successor, progress } = this.state;
    const isCaughtUp = page.end && progress.position === page.position;
    if (!successor || !isCaughtUp || fold.isTooOftenParked) return false;
    await fold.save();
    await this.takeOver(successor.generation, fold);
    return true;
  }

  /** Before rows of two definitions are mixed: a start by either of them must notice. */
  async noteMixture(): Promise<void> {
    if (!this.state.isMixing) return;
    await this.state.live!.redefine(mixedDefinition(this.#d.definition));
    this.state = { ...this.state, isMixing: false };
  }

  /** Makes a generation the live one, and folds on into it. */
  async takeOver(generation: Generation, fold: Fold): Promise<void> {
    const { name, table, definition, debug } = this.#d;
    const unfinished = this.state.successor?.generation;
    await table.switchTo(generation);
    // Rows of a snapshot that was taken by force are those of another definition.
    const isStale = definitionChanges(generation.origin.definition, definition).length > 0;
    const { settled: progress, parked } = fold.state;
    const live = generation;
    this.state = { fold, live, progress, parked, successor: null, isStale, isMixing: isStale, blockedBy: null };
    debug(`${name} generation: folded beside the table -> answers queries`, {
      order: generation.origin.order,
      position: progress.position,
    });
    if (unfinished && unfinished !== generation) await table.drop(unfinished);
  }

  /** How far the rows are that queries are answered from. */
  async livePosition(): Promise<number> {
    const { fold, successor, progress } = this.state;
    if (fold && !successor) return progress.position;
    await this.#d.table.refresh();
    return (await this.live.progress()).position;
  }
}
