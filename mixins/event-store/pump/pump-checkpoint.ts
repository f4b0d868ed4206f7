import type { Versioned } from "../../../core/log/control.ts";
import type { EventLog } from "../../../core/log/event-log.ts";
import { readFormat, withFormat } from "../../../core/log/stored-format.ts";
import { times } from "../../../core/concurrency/times.ts";
import type { StateLog } from "../../../core/text/state-log.ts";
import { LeaseHold, type LeaseSource } from "../../consumer/lease-hold.ts";

/** The key of the pump's checkpoint, and the name of the lease by which one of the hosts pumps. */
export const pumpKey = "pump";

export interface LeaseOfPump {
  /** The node that pumps while it has the lease. */
  node: string;
  leaseMs: number;
}

/** The pump's checkpoint in the log's engine. If hosts share the log, a lease determines which of them pumps. */
export class PumpCheckpoint {
  /** The events up to this position were delivered. */
  position = 0;
  /** Null if no other host shares the log. */
  readonly lease: LeaseHold | null;
  readonly #log: EventLog;
  /** The epoch of the lease under which the checkpoint was loaded. */
  #epoch = 0;
  #saved = { position: 0, revision: 0, at: 0 };
  /** The highest position that another host is known to have delivered. */
  #known = 0;
  /** A save was sent and not answered, so it may have been stored. */
  #isOutcomeUnknown = false;

  constructor(log: EventLog, { node, leaseMs }: LeaseOfPump, leaseLog?: StateLog) {
    this.#log = log;
    const source: LeaseSource = {
      leaseMs,
      takeLease: (...asked) => log.control.acquireLease(pumpKey, ...asked),
      releaseLease: (lease) => log.control.releaseLease(lease),
    };
    this.lease = log.capabilities.hosts === "many" ? new LeaseHold(source, node, leaseLog) : null;
  }

  /** How long until the checkpoint has to be saved; 0 if it is due or unchanged. */
  get dueInMs(): number {
    if (this.position === this.#saved.position) return 0;
    return Math.max(this.#saved.at + times.checkpoint.pumpMs - Date.now(), 0);
  }

  lagAt(head: number): number {
    return Math.max(head - this.position, 0);
  }

  /** The last known position of delivery, whichever host pumps. */
  get known(): number {
    return Math.max(this.#known, this.position);
  }

  /** The position of delivery; if another host pumps, the one that it has saved. */
  async reached(): Promise<number> {
    if (!this.isHeld) this.#known = Math.max(this.#known, positionOf(await this.#log.control.get(pumpKey)));
    return this.known;
  }

  /** Loads the checkpoint at a start: the log may have been replaced. */
  async load(): Promise<void> {
    this.position = this.#known = 0;
    this.#saved = { position: 0, revision: 0, at: 0 };
    await this.#reload();
  }

  /** Delivered events stay delivered, saved or not. Only a log that was set back moves the position back. */
  async #reload(): Promise<void> {
    const stored = await this.#log.control.get(pumpKey);
    const position = positionOf(stored);
    const revision = stored?.revision ?? 0;
    const wasSetBack = revision < this.#saved.revision;
    this.position = wasSetBack ? position : Math.max(position, this.position);
    if (wasSetBack) this.#known = position;
    this.#isOutcomeUnknown = false;
    this.#saved = { position, revision, at: Date.now() };
  }

  /** Whether this host pumps; if so, it has loaded the checkpoint of the previous host. */
  async acquire(): Promise<boolean> {
    if (!this.lease) return true;
    const lease = await this.lease.acquire();
    if (lease?.epoch !== this.#epoch) await this.#reload();
    this.#epoch = lease?.epoch ?? 0;
    return this.isHeld;
  }

  /** Whether no other host can have begun to pump. */
  get isHeld(): boolean {
    return this.lease === null || (this.lease.isCertain && this.lease.lease?.epoch === this.#epoch);
  }

  async save(): Promise<void> {
    if (this.position === this.#saved.position || !this.isHeld) return;
    const position = this.position;
    const lease = this.lease?.lease ?? undefined;
    const wasUnsure = this.#isOutcomeUnknown;
    this.#isOutcomeUnknown = true;
    const revision = await this.#log.control.put(
      pumpKey,
      withFormat("pump", { position }),
      this.#saved.revision,
      lease,
    );
    this.#isOutcomeUnknown = false;
    if (revision !== null) this.#saved = { position, revision, at: Date.now() };
    else if (!this.lease) this.#saved = await this.#savedBefore(wasUnsure);
    else {
      // Another host pumps by now, or an answer was lost. The stored checkpoint shows which, so it is loaded again.
      this.lease.lose("the pump's checkpoint was refused");
      this.#epoch = 0;
    }
  }

  /** The checkpoint that an unanswered save of this pump has stored. It cannot be past the current position. */
  async #savedBefore(wasUnsure: boolean): Promise<{ position: number; revision: number; at: number }> {
    const stored = await this.#log.control.get(pumpKey);
    const position = positionOf(stored);
    if (!stored || !wasUnsure || position > this.position) throw new Error("another pump saved its checkpoint");
    return { position, revision: stored.revision, at: Date.now() };
  }

  /** The node `to` pumps next, from here. */
  async giveTo(to: string): Promise<void> {
    await this.save();
    this.#epoch = 0;
    await this.lease?.release(to);
  }

  /** Another host may pump at once. If the engine has stopped first, the lease lapses by itself. */
  async release(): Promise<void> {
    this.#epoch = 0;
    await this.lease?.release().catch(() => {});
  }
}

const positionOf = (stored: Versioned | null): number =>
  stored ? readFormat<{ position: number }>(pumpKey, "pump", stored.value).position : 0;
