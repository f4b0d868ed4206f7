import type { Versioned } from "../../../core/log/control.ts";
import type { EventLog } from "../../../core/log/event-log.ts";
import { times } from "../../../core/concurrency/times.ts";
import type { StateLog } from "../../../core/text/state-log.ts";
import { LeaseHold, type LeaseSource } from "../../consumer/lease-hold.ts";

/** Under it stands how far the pump is, and by a lease of this name one of the hosts pumps. */
export const pumpKey = "pump";

export interface LeaseOfPump {
  /** The node that pumps while it has the lease. */
  node: string;
  leaseMs: number;
}

/** How far the pump is, as the log's engine keeps it. If hosts share the log, one of them pumps, by a lease. */
export class PumpCheckpoint {
  /** The events up to here are handed over. */
  position = 0;
  /** Null where this host has the log for itself. */
  readonly lease: LeaseHold | null;
  readonly #log: EventLog;
  /** The lease under which it was loaded. */
  #epoch = 0;
  #saved = { position: 0, revision: 0, at: 0 };
  /** As far as it is known that a host has handed the events over. */
  #known = 0;
  /** A save was sent, and not answered: it may have taken place. */
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

  /** How long until it is due to be written; 0 where it is due. */
  get dueInMs(): number {
    if (this.position === this.#saved.position) return 0;
    return Math.max(this.#saved.at + times.checkpoint.pumpMs - Date.now(), 0);
  }

  /** How far the events are handed over, whichever host does it, as it was known last. */
  get known(): number {
    return Math.max(this.#known, this.position);
  }

  /** Where another host pumps, as far as that one has saved it. */
  async reached(): Promise<number> {
    if (!this.isHeld) this.#known = Math.max(this.#known, positionOf(await this.#log.control.get(pumpKey)));
    return this.known;
  }

  /** A start: another log may be there by now. */
  async load(): Promise<void> {
    this.position = this.#known = 0;
    this.#saved = { position: 0, revision: 0, at: 0 };
    await this.#reload();
  }

  /** What was handed over before stays so, saved or not; only a log that was set back counts from where it is. */
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

  /** Whether this host pumps; then it knows what another host has handed over before. */
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

  pass(position: number): void {
    this.position = position;
  }

  async save(): Promise<void> {
    if (this.position === this.#saved.position || !this.isHeld) return;
    const position = this.position;
    const lease = this.lease?.lease ?? undefined;
    const wasUnsure = this.#isOutcomeUnknown;
    this.#isOutcomeUnknown = true;
    const revision = await this.#log.control.put(pumpKey, { position }, this.#saved.revision, lease);
    this.#isOutcomeUnknown = false;
    if (revision !== null) this.#saved = { position, revision, at: Date.now() };
    else if (!this.lease) this.#saved = await this.#savedBefore(wasUnsure);
    else {
      // Another host pumps by now, or an answer was lost: the stored state shows which.
      this.lease.lose("the pump's checkpoint was refused");
      this.#epoch = 0;
    }
  }

  /** What this pump saved without an answer. It has come no further since than it is. */
  async #savedBefore(wasUnsure: boolean): Promise<{ position: number; revision: number; at: number }> {
    const stored = await this.#log.control.get(pumpKey);
    const position = positionOf(stored);
    if (!stored || !wasUnsure || position > this.position) throw new Error("another pump saved its checkpoint");
    return { position, revision: stored.revision, at: Date.now() };
  }

  /** Another host may pump at once. If the engine has gone first, the lease lapses by itself. */
  async release(): Promise<void> {
    this.#epoch = 0;
    await this.lease?.release().catch(() => {});
  }
}

const positionOf = (stored: Versioned | null): number =>
  (stored?.value as { position: number } | undefined)?.position ?? 0;
