import type { Adapter } from "../../core/adapter.ts";
import type { ReadTable } from "../../core/table/read-table.ts";

/**
 * Called for each call of a table, its generations and batches, by name, before it is made and before its result is
 * returned.
 */
export type OnTableCall = (call: string, when: "before" | "after", of: number | null) => void | Promise<void>;

type Called = (...args: unknown[]) => unknown;

/** The same tables; `onCall` can delay a call, make it fail, or lose its result. */
export function watchedTables(adapter: Adapter, onCall: OnTableCall): Adapter {
  const proxies = new WeakMap<object, object>();
  const reals = new WeakMap<object, object>();

  const wrapped = <Port extends object>(real: Port): Port => {
    const known = proxies.get(real);
    if (known) return known as Port;
    const number = (real as { number?: number }).number ?? null;
    const proxy = new Proxy(real, {
      get(target, name) {
        const found: unknown = Reflect.get(target, name, target);
        if (typeof found !== "function") return found;
        const call = (args: unknown[]) => (found as Called).apply(target, args.map(realOf));
        // The only synchronous one.
        if (name === "live") return () => watched(call([]));
        // An outage also ends a batch.
        if (name === "rollback") return () => call([]);
        return async (...args: unknown[]) => {
          await onCall(String(name), "before", number);
          const answer = await call(args);
          await onCall(String(name), "after", number);
          return watched(answer);
        };
      },
    });
    proxies.set(real, proxy);
    reals.set(proxy, real);
    return proxy;
  };
  const realOf = (value: unknown) => (value !== null && typeof value === "object" && reals.get(value)) || value;
  /** Wraps generations and batches; one wrapper for each, since callers compare them. */
  const watched = (answer: unknown) =>
    answer !== null && typeof answer === "object" && ("begin" in answer || "commit" in answer)
      ? wrapped(answer)
      : answer;

  return { ...adapter, readTable: (name): ReadTable => wrapped(adapter.readTable!(name)) };
}
