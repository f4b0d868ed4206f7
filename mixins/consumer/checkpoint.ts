import type { Lease } from "../../core/log/control.ts";
import { readFormat, withFormat } from "../../core/log/stored-format.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import type { ParkedEvent } from "../../core/table/read-table.ts";
import { times } from "../../core/concurrency/times.ts";
import type { Debug } from "../../core/text/state-log.ts";
import { isRenamed, noProgress, type CheckpointState } from "./checkpoint-state.ts";
import type { EventSource } from "./event-source.ts";
import { assertFormerName } from "./former-name.ts";
import type { LeaseHold } from "./lease-hold.ts";
import { startPosition, type StartFrom } from "./start-from.ts";
import type { Holding } from "./work.ts";

interface Dependencies<Parked extends ParkedEvent> {
  name: string;
  formerName?: string | undefined;
  startFrom: StartFrom;
  source: Pick<EventSource, "page" | "positionAt" | "state" | "saveState" | "rename">;
  lease: LeaseHold;
  parked: () => Parked[];
  /** A lease was taken under a new epoch. `state`: the state that another holder has saved since; null if none has. */
  takeOver: (state: CheckpointState<Parked> | null) => void | Promise<void>;
  debug: Debug;
}

/** The checkpoint of a consumer whose work one node does at a time, stored in the store's engine under its lease. */
export class Checkpoint<Parked extends ParkedEvent = ParkedEvent> {
  readonly #d: Dependencies<Parked>;
  #progress: CheckpointState<Parked> = noProgress;
  #saved = { revision: 0, at: 0 };
  #isSaved = true;
  /** The epoch of the lease under which the state was loaded. */
  #epoch = 0;

  constructor(dependencies: Dependencies<Parked>) {
    this.#d = dependencies;
  }

  get progress(): Readonly<CheckpointState<Parked>> {
    return this.#progress;
  }

  /** Whether this node holds the lease and has loaded the state under it. */
  get isInCharge(): boolean {
    return this.#d.lease.isCertain && this.#d.lease.lease?.epoch === this.#epoch;
  }

  /** Takes the lease if it is free, and loads the state that is saved under it. */
  async acquire(): Promise<Holding> {
    const lease = await this.#d.lease.acquire();
    if (!lease) return "other";
    const isNew = lease.epoch !== this.#epoch;
    if (isNew) await this.#load(lease);
    if (!this.isInCharge) return "other";
    return isNew ? "new" : "kept";
  }

  async #load(lease: Lease): Promise<void> {
    const { source, formerName } = this.#d;
    const stored = await source.state();
    if (isRenamed(stored?.value)) this.#assertName(stored?.value);
    if (formerName !== undefined) this.#assertName(await source.rename(formerName));
    const revision = stored?.revision ?? 0;
    const isNews = stored !== null && revision > this.#saved.revision;
    if (isNews) {
      this.#progress = readFormat(this.#d.name, "checkpoint", stored.value);
      this.#saved = { revision, at: Date.now() };
      this.#isSaved = true;
    } else if (this.#saved.revision === 0) await this.#begin();
    // No other holder has saved since, so the state of this node's last lease is valid, saved or not. A lower revision
    // means that the log was set back or replaced; the next page detects that.
    else this.#saved.revision = revision;
    await this.#d.takeOver(isNews ? this.#progress : null);
    const { name, debug } = this.#d;
    const { position } = this.#progress;
    debug(`${name} checkpoint: epoch ${this.#epoch || "none"} -> ${lease.epoch}`, {
      position,
      revision,
      wasStored: isNews,
    });
    if (this.#d.lease.lease === lease) this.#epoch = lease.epoch;
  }

  /** @throws DefinitionError if the former name is not the one that the store has noted */
  #assertName(stored: unknown): void {
    const { name, formerName } = this.#d;
    assertFormerName(name, formerName, readFormat<CheckpointState>(name, "checkpoint", stored).formerName);
  }

  async #begin(): Promise<void> {
    const { name, source, startFrom } = this.#d;
    const position = await startPosition(name, startFrom, source);
    const { afterId, log } = await source.page(position, 0);
    this.#progress = { position, positionId: afterId, log, parked: [] };
    // Stored at once, so that a restart begins at the same position.
    await this.store();
  }

  pass(position: number, positionId: string | null, log = this.#progress.log): void {
    if (position <= this.#progress.position) return;
    const { early, ...progress } = this.#progress;
    const isAbove = early?.filter((event) => event.position > position);
    this.#progress = { ...progress, position, positionId, log, ...(isAbove?.length && { early: isAbove }) };
    this.#isSaved = false;
  }

  /** Whether the event was handled before its turn. */
  isEarly(id: string): boolean {
    return this.#progress.early?.some((event) => event.id === id) === true;
  }

  /** How many events were handled before their turn while this one failed. */
  earlyCount(of: string): number {
    return this.#progress.early?.filter((event) => event.of === of).length ?? 0;
  }

  /** Stores that an event above the position is handled, so that it is handled neither again nor skipped. */
  async passEarly({ id, position }: RecordedEvent, of: string): Promise<void> {
    this.#progress = { ...this.#progress, early: [...(this.#progress.early ?? []), { id, position, of }] };
    await this.store();
  }

  /** Call after the parked events have changed. */
  touch(): void {
    this.#progress = { ...this.#progress };
    this.#isSaved = false;
  }

  /** Saves if the last save is older than the checkpoint interval; called after each event. */
  async saveNowAndThen(): Promise<void> {
    if (Date.now() - this.#saved.at > times.checkpoint.consumerMs) await this.save();
  }

  async save(): Promise<void> {
    if (!this.#isSaved) await this.store();
  }

  async store(): Promise<void> {
    const { lease, source, name, debug } = this.#d;
    this.#isSaved = false;
    if (!lease.lease) return;
    const state = (this.#progress = { ...this.#progress, parked: this.#d.parked() });
    const revision = await source.saveState(withFormat("checkpoint", state), this.#saved.revision, lease.lease);
    if (revision !== null) {
      this.#saved = { revision, at: Date.now() };
      // Events may have been passed during the write.
      this.#isSaved = this.#progress === state;
    } else {
      debug(`${name} checkpoint: saving -> refused`, { position: state.position, epoch: this.#epoch });
      this.forget();
    }
  }

  /**
   * The lease has lapsed, or the answer to a write was lost. The stored state shows which holder has written last, so
   * it must be loaded again.
   */
  forget(): void {
    this.#d.lease.lose("the checkpoint was refused or has no answer");
    this.#epoch = 0;
  }
}
