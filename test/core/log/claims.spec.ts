import { MemoryKeptClaims } from "../../../adapters/memory/kept-claims.ts";
import { Claims } from "../../../core/log/claims.ts";
import { maxDefinitions, unusedMs } from "../../../core/log/log-claims.ts";

const types = ["taken"];
const minuteMs = 60_000;

/** An append of an event that takes "ann". */
const append = (definition: string, stream = "a") => ({
  stream,
  events: [{ type: "taken" }],
  claims: [{ scope: "name", definition, changes: [{ value: "ann", claimed: true }] }],
});

function begun() {
  const claims = new Claims(new MemoryKeptClaims());
  const begin = (definition: string, now: number, head = 0) =>
    claims.begin({ scope: "name", definition }, types, { head, now });
  const definitions = () => claims.scopes().map(({ definition }) => definition);
  return { claims, begin, definitions };
}

describe("The definitions of a scope", () => {
  it("stay for a day without use, and go with the next begin", () => {
    const { claims, begin, definitions } = begun();
    begin("v1", 0);
    begin("v2", minuteMs);
    claims.stored(append("v2"), 1);
    begin("v2", unusedMs - minuteMs, 1);
    expect(definitions()).toEqual(["v1", "v2"]);
    begin("v2", 2 * unusedMs, 1);
    expect(definitions()).toEqual(["v2"]);
    expect(claims.claimants("name", "v2", ["ann"])).toEqual({ ann: "a" });
    expect(begin("v1", 2 * unusedMs, 1).state).toEqual({ definition: "v1", types, position: 0, unfolded: 1 });
  });

  it("stay where all events are folded, as in the release that runs when another one starts", () => {
    const { claims, begin, definitions } = begun();
    begin("v1", 0);
    claims.stored(append("v1"), 1);
    begin("v2", 30 * unusedMs, 1);
    expect(definitions()).toEqual(["v1", "v2"]);
    expect(claims.refusalOf(append("v1", "b"))).toMatchObject({ type: "DUPLICATE_CLAIM" });
    expect(claims.refusalOf(append("v2", "b"))).toMatchObject({ type: "CLAIMS_BEHIND" });
  });

  it("are a few, the last used, if each start brings another one", () => {
    const { begin, definitions } = begun();
    for (let index = 10; index < 40; index++) begin(`v${index}`, index, 1);
    expect(definitions()).toEqual(
      Array.from({ length: maxDefinitions }, (_, index) => `v${40 - maxDefinitions + index}`),
    );
  });

  it("change nothing when they begin again within an hour", () => {
    const { begin } = begun();
    expect(begin("v1", 0).hasChanged).toBe(true);
    expect(begin("v1", 59 * minuteMs).hasChanged).toBe(false);
    expect(begin("v1", 60 * minuteMs).hasChanged).toBe(true);
  });
});
