import * as fc from "fast-check";
import { JournaledReadTable } from "../../adapters/parts/journaled-table/read-table.ts";
import { countedFields, foldBatch, plainly, rowsIn, type CountChange } from "../support/counted-rows.ts";
import { stepping } from "../support/stepping-store.ts";
import { sharedStore } from "../contract/nedb-port.ts";
import { law } from "./law.ts";

interface Turn {
  doings: CountChange[];
  /** The write of its commit before which the host pauses; beyond the last: none. */
  stopsAt: number;
  /** The turns after which it continues; never, if beyond the last. */
  wakesAfter: number;
}

const doing: fc.Arbitrary<CountChange> = fc.record({
  id: fc.constantFrom("a", "b", "c"),
  does: fc.constantFrom("add", "add", "remove", "again"),
});
const turn: fc.Arbitrary<Turn> = fc.record({
  doings: fc.array(doing, { maxLength: 5 }),
  stopsAt: fc.integer({ min: 0, max: 12 }),
  wakesAfter: fc.integer({ min: 1, max: 4 }),
});

/** A host that pauses before one of its writes, until it is woken. */
class Host {
  readonly table: JournaledReadTable;
  readonly stopped: Promise<void>;
  #left = Infinity;
  readonly #sleep = Promise.withResolvers<void>();
  readonly #wake = Promise.withResolvers<void>();

  constructor(store: ReturnType<typeof sharedStore>) {
    this.stopped = this.#sleep.promise;
    const step = async () => {
      if (this.#left-- !== 0) return;
      this.#sleep.resolve();
      await this.#wake.promise;
    };
    this.table = new JournaledReadTable(stepping(store(), step), "table");
  }

  stopAt(writes: number): void {
    this.#left = writes;
  }

  wake(): void {
    this.#wake.resolve();
  }
}

describe("A table whose hosts stop anywhere and take over from one another", () => {
  law(
    "is what plain loops make of its batches, also when the stopped ones go on",
    300,
    fc.asyncProperty(fc.array(turn, { minLength: 1, maxLength: 8 }), async (turns) => {
      const store = sharedStore();
      const batches: CountChange[][] = [];
      const sleepers: { host: Host; at: number; ends: Promise<unknown> }[] = [];
      for (const [index, { doings, stopsAt, wakesAfter }] of turns.entries()) {
        const host = new Host(store);
        await host.table.open(countedFields);
        await host.table.takeOver();
        const { position } = await host.table.live().progress();
        // A batch that was not decided is missing, and another takes its position.
        expect([batches.length, batches.length - 1]).toContain(position);
        batches.length = position;
        expect(await rowsIn(host.table.live().rows)).toEqual(plainly(batches, position));
        batches.push(doings);
        host.stopAt(stopsAt);
        const ends = foldBatch(host.table.live(), doings, position + 1).catch((error: { type?: string }) => {
          if (error.type !== "STORE_UNAVAILABLE") throw error;
        });
        await Promise.race([ends, host.stopped]);
        sleepers.push({ host, at: index + wakesAfter, ends });
        for (const sleeper of sleepers.filter(({ at }) => at === index)) {
          sleeper.host.wake();
          await sleeper.ends;
        }
      }
      for (const { host, ends } of sleepers) {
        host.wake();
        await ends;
      }
      const last = new JournaledReadTable(store(), "table");
      await last.open(countedFields);
      await last.takeOver();
      const { position } = await last.live().progress();
      expect([batches.length, batches.length - 1]).toContain(position);
      expect(await rowsIn(last.live().rows)).toEqual(plainly(batches, position));
    }),
  );
});
