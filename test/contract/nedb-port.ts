import DbService from "moleculer-db";
import type { Adapter } from "../../core/adapter.ts";
import { fenced } from "../../adapters/fenced/fenced.ts";

interface NeDb {
  connect: () => Promise<unknown>;
  db: { updateAsync: (query: object, update: object, options: object) => Promise<{ numAffected: number }> };
}

/** moleculer-db's own types know no such property, and what they declare instead is not there. */
const { MemoryAdapter: Real } = DbService as unknown as { MemoryAdapter: new (options?: object) => NeDb };

/** As it is, but for an update that Node warns of each time (DEP0174). */
class MemoryAdapter extends Real {
  async updateMany(query: object, update: object): Promise<number> {
    return (await this.db.updateAsync(query, update, { multi: true })).numAffected;
  }
}

export const onDisk = (folder: string): Adapter =>
  fenced(() => new MemoryAdapter({ filename: `${folder}/table.nedb` }), { file: `${folder}/table.nedb` });

/** One NeDB in memory that every host of this process reaches, as a database would be. */
export function shared(): Adapter {
  const real = new MemoryAdapter();
  let connected: Promise<unknown> | undefined;
  const sharing = new Proxy(real, {
    get(target, name) {
      if (name === "connect") return () => (connected ??= target.connect());
      if (name === "disconnect") return async () => {};
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
  return fenced(() => sharing, { durability: "none" });
}

/** What the contract suite's other processes open. */
export default (folder: string) => onDisk(folder).readTable!("table");
