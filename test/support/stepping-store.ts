import type { Documents, Heads, RowStore } from "../../adapters/parts/journaled-table/row-store.ts";

/**
 * The same store, one write at a time: before each write, and after the last of a call, `step` is called and may end or
 * freeze the host. Reads are passed through.
 */
export function stepping(store: RowStore, step: (what: string) => Promise<void>): RowStore {
  const heads: Heads = {
    get: (id) => store.heads.get(id),
    list: (kind) => store.heads.list(kind),
    add: async (head) => {
      await step(`add ${head.kind}`);
      return store.heads.add(head);
    },
    change: async (id, expected, values) => {
      await step(`change ${Object.keys(values).join(" ")}`);
      const changed = await store.heads.change(id, expected, values);
      await step("changed");
      return changed;
    },
    remove: async (filter) => {
      await step("remove heads");
      return store.heads.remove(filter);
    },
  };
  const documents = (real: Documents): Documents => ({
    keyOf: (id) => real.keyOf(id),
    pathOf: (field) => real.pathOf(field),
    get: (ids) => real.get(ids),
    find: (filter, page) => real.find(filter, page),
    count: (filter) => real.count(filter),
    writtenAfter: (fence) => real.writtenAfter(fence),
    put: async (writes, fence) => {
      for (const write of writes) {
        await step(`put ${write.id}`);
        await real.put([write], fence);
      }
    },
  });
  return {
    engine: store.engine,
    location: store.location,
    durability: store.durability,
    hosts: store.hosts,
    maxBytes: store.maxBytes,
    sortsByBytes: store.sortsByBytes,
    heads,
    open: () => store.open(),
    close: () => store.close(),
    prepare: (generation, fields) => store.prepare(generation, fields),
    documents: (generation, kind) => documents(store.documents(generation, kind)),
    removeGeneration: async (generation) => {
      await step("remove rows");
      return store.removeGeneration(generation);
    },
    removeOthers: (below, except) => store.removeOthers(below, except),
  };
}
