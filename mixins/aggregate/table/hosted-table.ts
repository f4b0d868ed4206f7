import { definitionChanges, mixedDefinition } from "../../../core/rows/definition.ts";
import type { Generation } from "../../../core/table/read-table.ts";
import { ParkedStreams } from "../../consumer/parked-streams.ts";
import type { EventSource } from "../../consumer/event-source.ts";
import type { LeaseHold, LeaseSource } from "../../consumer/lease-hold.ts";
import type { Holding } from "../../consumer/work.ts";
import { parkedIn } from "../fold/stored-parked.ts";
import type { Fold } from "../fold/fold.ts";
import { refuseChange, startPlanOf, type StartDependencies, type StartPlan } from "../rebuild/definition-change.ts";
import { OtherDefinitions } from "./other-definitions.ts";
import { StandbyRows } from "./standby-rows.ts";
import { TableLease } from "./table-lease.ts";
import { unseen, type TableState } from "./table-state.ts";

interface Dependencies extends StartDependencies {
  node: string;
  source: LeaseSource & Pick<EventSource, "nodesOfOwner" | "page">;
  newFold: (generation: Generation) => Promise<Fold>;
  /** Makes the build beside the table continue from its stored state. */
  reloadBuild: () => Promise<void>;
  /** Called when another host takes over the fold. */
  onLeave: () => void;
}

/** A table as one host has it: the host folds it, or watches it while another host does. */
export class HostedTable {
  /** Replaced when it changes; others may read it, only this class writes it. */
  state: TableState = unseen;
  /** Null if no other host shares the table. */
  lease: LeaseHold | null = null;
  /** Other hosts may change the table without notifying this one. */
  readonly isShared: boolean;
  /** The live generation is being copied, so that no event has to be folded again. */
  isCopying = false;
  readonly standby: StandbyRows;
  readonly #d: Dependencies;
  readonly others: OtherDefinitions;
  #lease: TableLease | null = null;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
    this.standby = new StandbyRows(dependencies);
    this.others = new OtherDefinitions(dependencies);
    this.isShared = dependencies.table.capabilities.hosts === "many";
  }

  /** The generation that answers queries. */
  get live(): Generation {
    return this.#d.table.live();
  }

  async open(): Promise<void> {
    const { table, fields, definition, owner, debug } = this.#d;
    await table.open(fields, { definition, requestId: "" }, { debug, owner });
    try {
      if (this.isShared) {
        this.#lease = new TableLease(this.#d);
        this.lease = this.#lease.lease;
        await refuseChange(this.#d);
        await this.#look();
        await this.others.compare();
      } else await this.#begin();
    } catch (error) {
      await table.close();
      throw error;
    }
  }

  /** The lease is released last: this host writes nothing any more when another may fold. */
  async close(): Promise<void> {
    this.#leave();
    await this.#d.table.close();
    await this.#lease?.release();
  }

  /** Without a lease this host always folds. @param head the log's, as it was last seen */
  async acquire(head: number): Promise<Holding> {
    return this.#lease ? this.#acquire(this.#lease, head) : "kept";
  }

  async #acquire(lease: TableLease, head: number): Promise<Holding> {
    const held = await lease.acquire();
    if (held === "new" || held === "other") this.#leave();
    if (held === "other") {
      await this.#look();
      await this.standby.check(this.state, head);
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
      // Another host may succeed: one with another definition, or one that can reach the table.
      await lease.release();
      throw error;
    }
  }

  /** @throws UnusableStoreError if the table's definition differs from the current one and `onChange` is "refuse" */
  async #begin(): Promise<void> {
    this.#leave();
    // With its definition: another host may have mixed the rows with those of another one.
    await this.live.progress();
    const plan = await startPlanOf(this.#d);
    // At once if the start does not wait: the live generation may be one that this host cannot write, not even a skip.
    await this.follow(plan.copy && this.isShared ? await this.copied(plan.copy) : plan);
  }

  async copied(copy: () => Promise<StartPlan>): Promise<StartPlan> {
    this.isCopying = true;
    try {
      return await copy();
    } finally {
      this.isCopying = false;
    }
  }

  /** Continues with the plan's generation. */
  async follow({ generation, ...plan }: StartPlan): Promise<void> {
    const fold = await this.#d.newFold(generation);
    const { live } = this;
    const from = (await live.progress()).position;
    const successor = generation === live && !plan.copy ? null : { generation, since: Date.now(), from };
    const { settled: progress, parked } = fold.state;
    this.state = { ...plan, fold, live, successor, progress, parked };
  }

  /** Reloads the stored state. False if another host has replaced the live generation, or removed the fold's. */
  async #reload(fold: Fold): Promise<boolean> {
    await this.#d.reloadBuild();
    const { live } = this;
    // Another owner may replace its own generation while this one's first is folded.
    if (live !== this.state.live && live.owner === this.#d.owner) return false;
    if (live !== this.state.live) this.state = { ...this.state, live };
    try {
      await fold.reload();
    } catch {
      // The table responded before. If it still does, the owner was dropped: a node took its last node for gone.
      await this.#d.table.refresh();
      return false;
    }
    this.noteProgress();
    return true;
  }

  #leave(): void {
    if (!this.state.fold) return;
    this.state = { ...this.state, fold: null, successor: null, isMixing: false, blockedBy: null, copy: null };
    this.#d.onLeave();
  }

  async #look(): Promise<void> {
    await this.#d.table.refresh();
    const { live } = this;
    const progress = await live.progress();
    const isStale = definitionChanges(live.origin.definition, this.#d.definition).length > 0;
    const parked = new ParkedStreams(await parkedIn(live));
    this.state = { ...unseen, live, progress, parked, isStale };
  }

  /** A failed write to a shared table may have been stored all the same, or another host may fold it by now. */
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

  /** Call after the fold has committed, or has passed unmapped events. */
  noteProgress(): void {
    const progress = this.state.fold?.state.settled;
    if (progress && progress !== this.state.progress) this.state = { ...this.state, progress };
  }

  /** Marks the table before rows of two definitions are mixed: a start with either definition must detect it. */
  async noteMixture(): Promise<void> {
    if (!this.state.isMixing) return;
    await this.state.live!.redefine(mixedDefinition(this.#d.definition));
    this.state = { ...this.state, isMixing: false };
  }

  get isGoingOn(): boolean {
    const { fold, parked } = this.state;
    return fold !== null && parked.isGoingOn;
  }

  /** Makes a generation the live one, and continues to fold into it. */
  async takeOver(generation: Generation, fold: Fold): Promise<void> {
    const { name, table, definition, debug } = this.#d;
    const unfinished = this.state.successor?.generation;
    await table.switchTo(generation);
    // A snapshot that was restored with `force` contains rows of another definition.
    const isStale = definitionChanges(generation.origin.definition, definition).length > 0;
    const { settled: progress, parked } = fold.state;
    const live = generation;
    this.state = { ...unseen, fold, live, progress, parked, isStale, isMixing: isStale };
    debug(`${name} generation: folded beside the table -> answers queries`, {
      requestId: generation.origin.requestId,
      position: progress.position,
    });
    if (unfinished && unfinished !== generation) await table.drop(unfinished);
  }

  /**
   * The nodes that fold the rows which answer queries here. None: they are of a definition that no node runs any more, so
   * they keep their position until the table of this node's definition has caught up.
   */
  get foldingNodes(): readonly string[] {
    const { name, node, owner, source } = this.#d;
    if (!this.isShared) return this.state.successor ? [] : [node];
    const { live } = this;
    return live.owner === owner ? [node] : source.nodesOfOwner(name, live.owner);
  }

  /** Nodes of another definition fold the rows that answer queries here. */
  get isFoldedElsewhere(): boolean {
    const { live } = this.state;
    if (!this.isShared || live === null || live.owner === this.#d.owner) return false;
    return this.#d.source.nodesOfOwner(this.#d.name, live.owner).length > 0;
  }

  /** Removes rows of definitions that no node has run for long. Call at the end of the log. */
  async tidy(): Promise<void> {
    if (this.isShared && this.state.fold && !this.state.successor) await this.others.tidy();
  }

  /** The position of the rows that answer queries. */
  async livePosition(): Promise<number> {
    const { fold, successor, progress } = this.state;
    if (fold && !successor) return progress.position;
    await this.#d.table.refresh();
    return (await this.live.progress()).position;
  }
}
