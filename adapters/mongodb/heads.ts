import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type { Collection, Filter } from "mongodb";
import { times } from "../../core/concurrency/times.ts";
import type { Head, Heads, Values } from "../parts/journaled-table/row-store.ts";
import { isTaken } from "./errors.ts";

type Call = <Answer>(work: (heads: Collection<Head>) => Promise<Answer>) => Promise<Answer>;

/** The documents about a table in one collection. */
export class MongoHeads implements Heads {
  readonly #call: Call;
  readonly #hasAtomicUpdates: () => boolean;

  /**
   * @param call translates the driver's errors
   * @param hasAtomicUpdates false for FerretDB 1, which checks the conditions of an update and writes in two steps, so
   * one of two updates at the same time can be lost although both matched
   */
  constructor(call: Call, hasAtomicUpdates: () => boolean) {
    this.#call = call;
    this.#hasAtomicUpdates = hasAtomicUpdates;
  }

  get(id: string): Promise<Head | null> {
    return this.#call((heads) => heads.findOne({ _id: id }));
  }

  list(kind: string): Promise<Head[]> {
    return this.#call((heads) => heads.find({ kind }).toArray());
  }

  add(head: Head): Promise<boolean> {
    return this.#call(async (heads) => {
      try {
        await heads.insertOne({ ...head });
        return true;
      } catch (error) {
        if (isTaken(error)) return false;
        throw error;
      }
    });
  }

  async change(id: string, expected: Values, values: Values): Promise<boolean> {
    if (this.#hasAtomicUpdates()) return this.#update(id, expected, values);
    const release = await this.#lock(id);
    try {
      return await this.#update(id, expected, values);
    } finally {
      await release();
    }
  }

  #update(id: string, expected: Values, values: Values): Promise<boolean> {
    return this.#call(async (heads) => {
      const { matchedCount } = await heads.updateOne({ _id: id, ...expected }, { $set: { ...values } });
      return matchedCount > 0;
    });
  }

  /**
   * Locks a document by adding another one, which FerretDB 1 does in one step. The lock of a host that has died is
   * removed after the longest time that an update takes.
   */
  async #lock(id: string): Promise<() => Promise<void>> {
    const lock = { _id: `lock ${id}`, kind: "lock", token: randomUUID() };
    let [seen, since]: [unknown, number] = [null, 0];
    while (!(await this.add(lock))) {
      const token = (await this.get(lock._id))?.["token"];
      if (token !== seen) [seen, since] = [token, performance.now()];
      else if (token !== undefined && performance.now() - since > times.mongodb.lockMs)
        await this.remove({ _id: lock._id, token });
      await wait(times.mongodb.lockRetryMs);
    }
    // If it is not removed here, the next host does so.
    return () => this.remove({ _id: lock._id, token: lock.token }).catch(() => {});
  }

  remove(filter: Readonly<Record<string, unknown>>): Promise<void> {
    return this.#call(async (heads) => void (await heads.deleteMany(filter as Filter<Head>)));
  }
}
