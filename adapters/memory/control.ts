import type { KeyedState, Lease, Versioned } from "../../core/event-log.ts";
import { KeysInOrder } from "./keys-in-order.ts";

/** Control state and leases, beside the events. */
export class Control {
  /** Values as JSON: nobody holds what is stored. */
  readonly #state = new Map<string, { text: string; revision: number }>();
  readonly #keys = new KeysInOrder(() => this.#state.keys());
  readonly #leases = new Map<string, { holder: string; epoch: number; expires: number }>();

  get(key: string): Versioned | null {
    const stored = this.#state.get(key);
    return stored ? { value: JSON.parse(stored.text) as unknown, revision: stored.revision } : null;
  }

  put(key: string, value: unknown, revision: number, lease?: Lease): number | null {
    const text = JSON.stringify(value) as string | undefined;
    if (text === undefined && value !== undefined)
      throw new TypeError(`state ${key}: found ${typeof value}, expected a JSON value`);
    if (lease && !this.#isHeld(lease)) return null;
    if ((this.#state.get(key)?.revision ?? 0) !== revision) return null;
    if (text === undefined || revision === 0) this.#keys.changed();
    if (text === undefined) {
      this.#state.delete(key);
      return 0;
    }
    this.#state.set(key, { text, revision: revision + 1 });
    return revision + 1;
  }

  /** Keys with one prefix stand together in the order of their bytes; those before it are passed by. */
  async states({
    prefix,
    after = "",
    limit,
  }: {
    prefix: string;
    after?: string;
    limit: number;
  }): Promise<KeyedState[]> {
    const take = (key: string) => {
      const state = key.startsWith(prefix) ? this.get(key) : null;
      return state ? { key, ...state } : undefined;
    };
    return this.#keys.after(after, limit, take);
  }

  #isHeld({ name, holder, epoch }: Lease): boolean {
    const held = this.#leases.get(name);
    return held?.holder === holder && held.epoch === epoch && held.expires > Date.now();
  }

  /** Renewing keeps the epoch; taking over a lapsed lease raises it. */
  acquire(name: string, holder: string, ttlMs: number): Lease | null {
    const now = Date.now();
    const held = this.#leases.get(name);
    const isFree = !held || held.expires <= now;
    if (!isFree && held.holder !== holder) return null;
    const epoch = (held?.epoch ?? 0) + Number(isFree);
    this.#leases.set(name, { holder, epoch, expires: now + ttlMs });
    return { name, holder, epoch };
  }

  release({ name, holder, epoch }: Lease): void {
    const held = this.#leases.get(name);
    if (held?.holder === holder && held.epoch === epoch) held.expires = 0;
  }
}
