import DbService from "moleculer-db";
import type { Adapter } from "../../core/adapter.ts";
import { moleculerDb } from "../../adapters/moleculer-db/moleculer-db.ts";
import { MoleculerDbRowStore } from "../../adapters/moleculer-db/row-store.ts";
import type { RowStore } from "../../adapters/parts/journaled-table/row-store.ts";

interface NeDb {
  connect: () => Promise<unknown>;
  db: { updateAsync: (query: object, update: object, options: object) => Promise<{ numAffected: number }> };
}

/** moleculer-db's own types know no such property, and what they declare instead is not there. */
const { MemoryAdapter: Real } = DbService as unknown as { MemoryAdapter: new (options?: object) => NeDb };

/** As it is, but for an update that Node warns of each time (DEP0174). */
class MemoryAdapter extends Real {
  async updateMany(query: Record<string, unknown>, update: object): Promise<number> {
    return (await this.db.updateAsync(query, update, { multi: true })).numAffected;
  }
}

/** In memory. */
export const newNeDb = () => new MemoryAdapter();

export const onDisk = (folder: string): Adapter =>
  moleculerDb(() => new MemoryAdapter({ filename: `${folder}/table.nedb` }), { file: `${folder}/table.nedb` });

/** One NeDB in memory that every host of this process reaches, as a database would be. */
function sharedAdapter(): object {
  const real = new MemoryAdapter();
  let connected: Promise<unknown> | undefined;
  return new Proxy(real, {
    get(target, name) {
      if (name === "connect") return () => (connected ??= target.connect());
      if (name === "disconnect") return async () => {};
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

export function shared(): Adapter {
  const adapter = sharedAdapter();
  return moleculerDb(() => adapter, { durability: "none" });
}

/** The same for hosts that stand on the store itself. */
export function sharedStore(): () => RowStore {
  const adapter = sharedAdapter();
  const place = { location: "shared", make: () => adapter, collection: "table", file: null, open: new Set<string>() };
  return () => new MoleculerDbRowStore({ ...place, durability: "none", hosts: "many" });
}

/** What the contract suite's other processes open. */
export default (folder: string) => onDisk(folder).readTable!("table");
