import * as fc from "fast-check";
import { JournaledReadTable } from "../../adapters/parts/journaled-table/read-table.ts";
import type { Generation } from "../../core/table/read-table.ts";
import { countedFields, foldBatch, plainly, rowsIn, type CountChange } from "../support/counted-rows.ts";
import { stepping } from "../support/stepping-store.ts";
import { sharedStore } from "../contract/nedb-port.ts";
import { law } from "./law.ts";

const owners = ["a", "b", "c"];

interface Turn {
  owner: string;
  does: "fold" | "rebuild" | "drop others";
  /** The write before which the host pauses; beyond the last: none. */
  stopsAt: number;
  /** The turns after which it continues; never, if beyond the last. */
  wakesAfter: number;
}

const turn: fc.Arbitrary<Turn> = fc.record({
  owner: fc.constantFrom(...owners),
  does: fc.constantFrom("fold", "fold", "rebuild", "drop others"),
  stopsAt: fc.integer({ min: 0, max: 40 }),
  wakesAfter: fc.integer({ min: 1, max: 4 }),
});

/** Every generation at a position has these rows, whichever owner folds it. */
const batchAt = (position: number): CountChange[] => [
  { id: "abc"[position % 3]!, does: "add" },
  { id: "abc"[position % 2]!, does: position % 5 === 0 ? "remove" : "add" },
];

async function foldTo(generation: Generation, position: number): Promise<void> {
  for (let next = (await generation.progress()).position + 1; next <= position; next++)
    await foldBatch(generation, batchAt(next), next);
}

/** A host that pauses before one of its writes, until it is woken. */
class Host {
  readonly table: JournaledReadTable;
  readonly stopped: Promise<void>;
  readonly #owner: string;
  readonly #wake = Promise.withResolvers<void>();

  constructor(store: ReturnType<typeof sharedStore>, owner: string, stopsAt = Infinity) {
    this.#owner = owner;
    const sleep = Promise.withResolvers<void>();
    this.stopped = sleep.promise;
    let left = stopsAt;
    const step = async () => {
      if (left-- !== 0) return;
      sleep.resolve();
      await this.#wake.promise;
    };
    this.table = new JournaledReadTable(stepping(store(), step), "table");
  }

  wake(): void {
    this.#wake.resolve();
  }

  open(): Promise<void> {
    return this.table.open(countedFields, undefined, { owner: this.#owner });
  }

  /** Folds from now on, into a generation of its own. */
  async start(): Promise<Generation> {
    await this.open();
    await this.table.takeOver();
    await this.table.refresh();
    const { position } = await this.table.live().progress();
    if (this.table.live().owner !== this.#owner) await this.rebuild(position);
    return this.table.live();
  }

  async rebuild(position: number): Promise<void> {
    const next = await this.table.build(countedFields);
    await foldTo(next, position);
    await this.table.takeOver();
    await this.table.switchTo(next);
  }

  async run(does: Turn["does"]): Promise<void> {
    const { position } = await (await this.start()).progress();
    if (does === "fold") await foldTo(this.table.live(), position + 1);
    else if (does === "rebuild") await this.rebuild(position);
    else for (const { owner } of await this.table.lives()) await this.table.dropOwner(owner);
  }
}

async function checkRows(generation: Generation): Promise<void> {
  const { position } = await generation.progress();
  const batches = Array.from({ length: position }, (_, index) => batchAt(index + 1));
  expect(await rowsIn(generation.rows)).toEqual(plainly(batches, position));
}

describe("A table whose hosts have different owners and stop anywhere", () => {
  law(
    "has for each owner the rows of its position, and any host that starts can read, fold, switch and drop",
    150,
    fc.asyncProperty(fc.array(turn, { minLength: 1, maxLength: 8 }), async (turns) => {
      const store = sharedStore();
      const sleepers: { host: Host; at: number; ends: Promise<unknown> }[] = [];
      const wake = async ({ host, ends }: { host: Host; ends: Promise<unknown> }) => {
        host.wake();
        await ends;
      };
      for (const [index, { owner, does, stopsAt, wakesAfter }] of turns.entries()) {
        const host = new Host(store, owner, stopsAt);
        const isAsleep = { yet: false };
        void host.stopped.then(() => (isAsleep.yet = true));
        // A host is only refused if others have changed the table while it slept.
        const ends = host.run(does).catch((error: { type?: string }) => {
          if (error.type !== "STORE_UNAVAILABLE" || !isAsleep.yet) throw error;
        });
        await Promise.race([ends, host.stopped]);
        if (!isAsleep.yet) await checkRows(host.table.live());
        sleepers.push({ host, at: index + wakesAfter, ends });
        for (const sleeper of sleepers.filter(({ at }) => at === index)) await wake(sleeper);
        const reader = new Host(store, "reader");
        await reader.open();
        await rowsIn(reader.table.live().rows);
        expect(await reader.table.lives()).not.toEqual([]);
      }
      for (const sleeper of sleepers) await wake(sleeper);
      for (const owner of owners) await checkRows(await new Host(store, owner).start());
    }),
  );
});
