import { guardedParts, type Guard, type OpenParts } from "../../../core/log/log-parts.ts";
import { StoreUnavailableError } from "../../../core/errors/errors.ts";

/** Parts of which each method answers its own name and what it was given. */
const named = (part: string) =>
  new Proxy(
    {},
    {
      get:
        (_, method) =>
        (...args: unknown[]) => [`${part}.${String(method)}`, ...args],
    },
  );
const open = { control: named("control"), claims: named("claims"), links: named("links") } as OpenParts;

describe("The parts of a log", () => {
  it("pass each call to the open log, with its arguments and whether it writes", async () => {
    const seen: string[] = [];
    const guard: Guard = async (call, access) => (seen.push(access), call(open));
    const { control, claims, links } = guardedParts(guard);
    expect(await control.put("key", 1, 0)).toEqual(["control.put", "key", 1, 0]);
    expect(await claims.page("scope", "v1", { limit: 1 })).toEqual(["claims.page", "scope", "v1", { limit: 1 }]);
    expect(await links.add("all", ["id"])).toEqual(["links.add", "all", ["id"]]);
    expect(await links.streams({ limit: 1 })).toEqual(["links.streams", { limit: 1 }]);
    expect(seen).toEqual(["write", "read", "write", "read"]);
  });

  it("reject each call with what the guard throws", async () => {
    const closed = new StoreUnavailableError("log", "the event log is not open");
    const parts = guardedParts(async () => {
      throw closed;
    });
    for (const part of Object.values(parts) as Record<string, () => Promise<unknown>>[])
      for (const method of Object.values(part)) await expect(method()).rejects.toBe(closed);
  });
});
