import type { Adapter } from "../../core/adapter.ts";
import { CrashingLog } from "./crashing-log.ts";
import { CrashingTable } from "./crashing-table.ts";
import { LeasesOfTheDead } from "./leases-of-the-dead.ts";
import { Life, type CrashPoint } from "./life.ts";

export interface CrashOptions {
  /** The so-manieth time that the point is reached. Default 1. */
  after?: number;
  /** Ends this process by SIGKILL: for tests that start one of their own. Otherwise its ports behave as if it had ended. */
  kill?: boolean;
}

interface Plan {
  point: CrashPoint;
  left: number;
  kill: boolean;
  tell: () => void;
}

/**
 * Crashes at a chosen point of the work of stores and aggregates, on any engine. From there on the ports that were open
 * answer nobody: the call in which it happens is lost, later ones are refused with StoreUnavailableError, open batches
 * are rolled back, nothing is written. `close` still releases what is open, so a broker can be stopped. Ports that are
 * opened after `revive` find what was committed, and take over the leases of the dead without waiting for them.
 *
 * @example
 * const crash = new CrashKit();
 * const events = EventStore("orders", { adapter: crash.adapter(sqlite("orders.db")) });
 * const table = Aggregate("orderTable", { eventStore: events, fields: { total: "integer" } }); // lives beside it
 * crash.at("rows written", { after: 3 });
 * await crash.happened; // then: broker.stop(), crash.revive(), broker.start()
 */
export class CrashKit {
  readonly #leases = new LeasesOfTheDead();
  #plan: Plan | null = null;
  #life = this.#newLife();
  #happened: Promise<void> = Promise.resolve();

  /** The same place, whose ports die with this kit's crash. */
  adapter(real: Adapter): Adapter {
    const { engine, location, keepsApart } = real;
    return {
      engine,
      location,
      ...(keepsApart !== undefined && { keepsApart }),
      ...(real.eventLog && {
        eventLog: (name: string) => new CrashingLog(real.eventLog!(name), () => this.#life, this.#leases),
      }),
      ...(real.readTable && {
        readTable: (name: string) => new CrashingTable(real.readTable!(name), () => this.#life),
      }),
      ...(real.beside && { beside: (name: string) => this.adapter(real.beside!(name)) }),
    };
  }

  /** Plans the crash, in place of one that has not happened yet. */
  at(point: CrashPoint, { after = 1, kill = false }: CrashOptions = {}): void {
    this.#happened = new Promise((tell) => {
      this.#plan = { point, left: after, kill, tell };
    });
  }

  /** Resolves when the crash that was planned last has happened. */
  get happened(): Promise<void> {
    return this.#happened;
  }

  /** The process starts again: ports opened from now on work. */
  revive(): void {
    this.#plan = null;
    this.#life = this.#newLife();
  }

  #newLife(): Life {
    return new Life((point) => {
      const plan = this.#plan;
      if (plan?.point !== point || --plan.left > 0) return false;
      if (plan.kill) process.kill(process.pid, "SIGKILL");
      this.#plan = null;
      plan.tell();
      return true;
    });
  }
}
