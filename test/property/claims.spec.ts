import * as fc from "fast-check";
import { Decider, EventStore } from "moleculer-event-sourcing";
import { memory } from "../../adapters/memory/memory.ts";
import { claimChanges, typesOf, type Claim, type ClaimingEvent } from "../../core/decider/claim.ts";
import type { EventLog } from "../../core/log/event-log.ts";
import { verifyClaims } from "../../mixins/event-store/verify/verify-claims.ts";
import type { LogProblem } from "../../mixins/event-store/verify/log-problem.ts";
import { appendTo } from "../../testing/event-log/requests.ts";
import { law } from "./law.ts";

/** Two releases whose definitions differ in their text alone, so that one plain model is right for both. */
const releaseOf = (version: number) =>
  Decider("name", {
    eventStore: EventStore("names", { adapter: "memory:" }),
    initialState: () => 0,
    commands: { take: { decide: () => null } },
    evolve: { taken: (count) => count, freed: (count) => count, renamed: (count) => count, left: (count) => count },
    claims: {
      name: {
        claim: { taken: "names" },
        release: ["left"],
        replace: { renamed: "names" },
        version,
      },
    },
  }).definition;

const releases = [releaseOf(1), releaseOf(2)];

interface Step {
  release: number;
  stream: string;
  types: ("taken" | "left" | "renamed")[];
  names: number[];
  /** Stored without its claims, as by an import. */
  isPlain: boolean;
}

const step: fc.Arbitrary<Step> = fc.record({
  release: fc.nat({ max: 1 }),
  stream: fc.constantFrom("name-a", "name-b", "name-c"),
  types: fc.array(fc.constantFrom("taken", "left", "renamed"), { minLength: 1, maxLength: 3 }),
  names: fc.uniqueArray(fc.nat({ max: 5 }), { maxLength: 3 }),
  isPlain: fc.constantFrom(false, false, false, true),
});

/** Name → stream. */
type Holders = Map<string, string>;

/** Applies an append; null if another stream holds one of its names. A plain append leaves those to their holders. */
function plainly(holders: Holders, { stream, types, names, isPlain }: Step): Holders | null {
  const after: Holders = new Map(holders);
  for (const type of types) {
    if (type !== "taken") for (const [name, holder] of after) if (holder === stream) after.delete(name);
    if (type === "left") continue;
    for (const name of names.map(String)) {
      const holder = after.get(name);
      if (holder !== undefined && holder !== stream && !isPlain) return null;
      if (holder === undefined) after.set(name, stream);
    }
  }
  return after;
}

async function foldAll(log: EventLog, claim: Claim): Promise<void> {
  const { scope, fingerprint: definition } = claim;
  const { position: after, unfolded: position } = await log.claims.begin(scope, definition, typesOf(claim));
  if (after >= position) return;
  const { events } = await log.read({ after, limit: position - after });
  const changes = events.flatMap((event) =>
    claimChanges(claim, [event]).map(({ value, claimed }) => ({ value, claimed, stream: event.stream })),
  );
  await log.claims.fold({ scope, definition, after, position, changes });
}

async function problemsOf(log: EventLog, release: (typeof releases)[number]): Promise<LogProblem[]> {
  const problems: LogProblem[] = [];
  await verifyClaims({
    log,
    catalogue: release.catalogue,
    deciderOf: () => release,
    job: { progress: () => {}, check: () => {} },
    report: (problem) => void problems.push(problem),
    reportUnchecked: () => {},
    maxClaims: 2,
  });
  return problems;
}

describe("Claims", () => {
  law(
    "of two releases belong to one stream each: taken, replaced and released by turns, and beside events without claims",
    200,
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const log = memory().eventLog!("names");
      await log.open();
      let holders: Holders = new Map();
      for (const one of steps) {
        const claim = releases[one.release]!.claims[0]!;
        await foldAll(log, claim);
        const events = one.types.map((type) => ({ type, payload: { names: one.names } }));
        const claiming = events.map((event): ClaimingEvent => ({ ...event, stream: one.stream }));
        const { scope, fingerprint: definition } = claim;
        const changes = claimChanges(claim, claiming).map(({ value, claimed }) => ({
          value,
          claimed,
        }));
        const options = one.isPlain ? {} : { claims: [{ scope, definition, changes }] };
        const [verdict] = await log.append([appendTo(one.stream, events, options)]);
        const expected = plainly(holders, one);
        expect("events" in verdict!).toBe(expected !== null);
        holders = expected ?? holders;
      }
      for (const release of releases) {
        const claim = release.claims[0]!;
        await foldAll(log, claim);
        const names = Array.from({ length: 6 }, (_, name) => String(name));
        const found = await log.claims.claimants(claim.scope, claim.fingerprint, names);
        expect(new Map(Object.entries(found))).toEqual(holders);
        expect(await problemsOf(log, release)).toEqual([]);
      }
      await log.close();
    }),
  );
});
