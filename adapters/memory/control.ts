import { randomUUID } from "node:crypto";
import type { KeyedState, KeyRange, Lease, LeaseAnswer, LogControl, Versioned } from "../../core/log/control.ts";
import { grantLease, isHeldBy, type StoredLease } from "../../core/log/grant-lease.ts";
import type { OpenPart } from "../../core/log/log-parts.ts";
import { KeysInOrder } from "../parts/rows/keys-in-order.ts";

/** Control state and leases of a log in memory. */
export class Control implements OpenPart<LogControl> {
  /** Stored as JSON texts, so that no caller can change them. */
  readonly #state = new Map<string, { text: string; revision: number }>();
  readonly #keys = new KeysInOrder(() => this.#state.keys());
  readonly #leases = new Map<string, StoredLease>();

  get(key: string): Versioned | null {
    const stored = this.#state.get(key);
    return stored ? { value: JSON.parse(stored.text) as unknown, revision: stored.revision } : null;
  }

  put(key: string, value: unknown, revision: number, lease?: Lease): number | null {
    const text = JSON.stringify(value) as string | undefined;
    if (text === undefined && value !== undefined)
      throw new TypeError(`state ${key}: found ${typeof value}, expected a JSON value`);
    if (lease && !isHeldBy(this.#leases.get(lease.name), lease)) return null;
    if ((this.#state.get(key)?.revision ?? 0) !== revision) return null;
    if (text === undefined || revision === 0) this.#keys.changed();
    if (text === undefined) {
      this.#state.delete(key);
      return 0;
    }
    this.#state.set(key, { text, revision: revision + 1 });
    return revision + 1;
  }

  async states({ prefix, after = "", limit }: KeyRange): Promise<KeyedState[]> {
    const take = (key: string) => {
      const state = key.startsWith(prefix) ? this.get(key) : null;
      return state ? { key, ...state } : undefined;
    };
    return this.#keys.after(after, limit, take);
  }

  acquireLease(name: string, holder: string, ttlMs: number, lapsed?: string): LeaseAnswer {
    const answer = grantLease({ name, holder, lapsed }, this.#leases.get(name) ?? null);
    if (answer.lease) this.#leases.set(name, { holder, epoch: answer.lease.epoch, mark: randomUUID(), ttlMs });
    return answer;
  }

  releaseLease(lease: Lease): void {
    const held = this.#leases.get(lease.name);
    if (isHeldBy(held, lease)) this.#leases.set(lease.name, { ...held, holder: "" });
  }
}
