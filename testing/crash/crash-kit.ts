import type { Adapter } from "../../core/adapter.ts";
import { CrashingLog } from "./crashing-log.ts";
import { CrashingTable } from "./crashing-table.ts";
import { LeaseHolders } from "./lease-holders.ts";
import { ProcessLifetime, type CrashPoint } from "./process-lifetime.ts";

/** Options of a planned crash. */
export interface CrashOptions {
  /** Crash when the point is reached for the n-th time. Default 1. */
  after?: number;
  /**
   * Kills this process by SIGKILL, for tests that start a process of their own. By default its ports only behave as if
   * it had been killed.
   */
  kill?: boolean;
}

interface Plan {
  point: CrashPoint;
  left: number;
  kill: boolean;
  tell: () => void;
}

/**
 * Crashes at a chosen point of the work of stores and aggregates, on any engine. Afterwards, ports that were open never
 * respond: the call at that point is lost, later calls are refused with StoreUnavailableError, open batches are rolled
 * back, and nothing is written. `close` still releases what is open, so a broker can be stopped. Ports that are opened
 * after `revive` find all committed data, and take over the crashed process's leases without waiting.
 *
 * @example
 * const crash = new CrashKit();
 * const events = EventStore("orders", { adapter: crash.adapter(sqlite("orders.db")) });
 * const table = Aggregate("orderTable", { eventStore: events, fields: { total: "integer" } }); // next to it by default
 * crash.at("rows written", { after: 3 });
 * await crash.happened; // then: broker.stop(), crash.revive(), broker.start()
 */
export class CrashKit {
  readonly #leases = new LeaseHolders();
  #plan: Plan | null = null;
  #lifetime = this.#newLifetime();
  #happened: Promise<void> = Promise.resolve();

  /** An adapter for the same location whose ports crash with this kit. */
  adapter(real: Adapter): Adapter {
    const { engine, location, keepsApart } = real;
    return {
      engine,
      location,
      ...(keepsApart !== undefined && { keepsApart }),
      ...(real.eventLog && {
        eventLog: (name: string) => new CrashingLog(real.eventLog!(name), () => this.#lifetime, this.#leases),
      }),
      ...(real.readTable && {
        readTable: (name: string) => new CrashingTable(real.readTable!(name), () => this.#lifetime),
      }),
      ...(real.beside && { beside: (name: string) => this.adapter(real.beside!(name)) }),
    };
  }

  /** Plans a crash; replaces a planned one that has not happened yet. */
  at(point: CrashPoint, { after = 1, kill = false }: CrashOptions = {}): void {
    this.#happened = new Promise((tell) => {
      this.#plan = { point, left: after, kill, tell };
    });
  }

  /** Resolves when the last planned crash has happened. */
  get happened(): Promise<void> {
    return this.#happened;
  }

  /** Simulates the restart of the process: ports that are opened from now on work. */
  revive(): void {
    this.#plan = null;
    this.#lifetime = this.#newLifetime();
  }

  #newLifetime(): ProcessLifetime {
    return new ProcessLifetime((point) => {
      const plan = this.#plan;
      if (plan?.point !== point || --plan.left > 0) return false;
      if (plan.kill) process.kill(process.pid, "SIGKILL");
      this.#plan = null;
      plan.tell();
      return true;
    });
  }
}
