import assert from "node:assert/strict";
import { maxDefinitions, type ScopedClaims } from "../../core/log/log-claims.ts";
import type { EventLog } from "../../core/log/event-log.ts";
import { keptClaim } from "../../core/log/kept-claim.ts";
import { refusal } from "../kit/refusal.ts";
import { same } from "../kit/same.ts";
import { brokenAppend } from "./commits.ts";
import { everything, type LogCases, type LogFixture } from "./log-fixture.ts";
import { appendTo, appended, ids, many, refused, stored, upTo } from "./requests.ts";

const types = ["name.taken", "name.given-back"];

/** Changes in the scope `name` with the definition "v1". True claims a value, false releases it. */
const telling = (changes: Record<string, boolean>, scope = "name", definition = "v1"): ScopedClaims => ({
  scope,
  definition,
  changes: Object.entries(changes).map(([value, claimed]) => ({ value, claimed })),
});
/** An append that claims and releases values. */
export const taking = (stream: string, changes: Record<string, boolean>, options = {}) =>
  appendTo(stream, [{ type: "name.taken" }], { claims: [telling(changes)], ...options });

async function begun(fixture: LogFixture): Promise<EventLog> {
  const log = await fixture.open();
  await log.claims.begin("name", "v1", types);
  return log;
}

const twin = (stream: string, value: string, claimant: string) => ({ scope: "name", value, stream, claimant });
const isBehind = (error: Error & { type?: unknown }) => assert.equal(error.type, "CLAIMS_BEHIND");

/** Values that must be unique across streams. */
export const claims: LogCases = {
  "belongs to one stream: an append by another is refused with the claimant, and stores nothing": async (fixture) => {
    const log = await begun(fixture);
    await appended(log, taking("a", { ann: true }));
    const [verdict, other] = await log.append([taking("b", { bob: true, ann: true }), taking("c", { bob: true })]);
    same(refused(verdict).data, twin("b", "ann", "a"));
    assert.equal(refused(verdict).type, "DUPLICATE_CLAIM");
    assert.equal(stored(other).length, 1);
    same(await log.claims.claimants("name", "v1", ["ann", "bob", "carl"]), { ann: "a", bob: "c" });
    assert.equal(await log.head(), 2);
  },

  "is decided within one commit, in its order": async (fixture) => {
    const log = await begun(fixture);
    const verdicts = await log.append([
      taking("a", { ann: true }),
      taking("b", { ann: true }),
      taking("a", { ann: false }),
      taking("b", { ann: true }),
    ]);
    same(
      verdicts.map((verdict) => "events" in verdict),
      [true, false, true, true],
    );
    same(await log.claims.claimants("name", "v1", ["ann"]), { ann: "b" });
  },

  "may be repeated and released by its own stream only": async (fixture) => {
    const log = await begun(fixture);
    await appended(log, taking("a", { ann: true }), taking("a", { ann: true }), taking("b", { ann: false }));
    same(await log.claims.claimants("name", "v1", ["ann"]), { ann: "a" });
    await appended(log, taking("a", { ann: false, bob: true }));
    same(await log.claims.claimants("name", "v1", ["ann", "bob"]), { bob: "a" });
    await appended(log, taking("b", { ann: true }));
  },

  "distinguishes any text from any other, in its scope": async (fixture) => {
    const log = await begun(fixture);
    await log.claims.begin("mail", "v1", ["mail.taken"]);
    const values = ["a", "A", "a ", " a", "\u00e5", "a\u030a", "1", "%", "it's", "😀", "x".repeat(1000)];
    for (const [index, value] of values.entries()) await appended(log, taking(`s-${index}`, { [value]: true }));
    await appended(log, appendTo("m", [{ type: "mail.taken" }], { claims: [telling({ a: true }, "mail")] }));
    same(
      await log.claims.claimants("name", "v1", values),
      Object.fromEntries(values.map((value, index) => [value, `s-${index}`])),
    );
    same(await log.claims.claimants("mail", "v1", ["a", "A"]), { a: "m" });
    same(await log.claims.claimants("other", "v1", ["a"]), {});
  },

  "is refused before its scope was begun, and under another definition": async (fixture) => {
    const log = await fixture.open();
    isBehind(refused((await log.append([taking("a", { ann: true })]))[0]));
    same(await log.claims.begin("name", "v1", types), { definition: "v1", types, position: 0, unfolded: 0 });
    await appended(log, taking("a", { ann: true }));
    const other = appendTo("b", [{ type: "name.taken" }], { claims: [telling({ ann: true }, "name", "v2")] });
    isBehind(refused((await log.append([other]))[0]));
    assert.equal(await log.head(), 1);
  },

  "stays where its scope is begun again, and is one of several where it is begun under other definitions": async (
    fixture,
  ) => {
    const log = await begun(fixture);
    await appended(log, taking("a", { ann: true }), taking("b", { bob: true }), appendTo("c"));
    same(await log.claims.begin("name", "v1", types), { definition: "v1", types, position: 0, unfolded: 0 });
    same(await log.claims.claimants("name", "v1", ["ann"]), { ann: "a" });
    const state = await log.claims.begin("name", "v2", types);
    same(state, { definition: "v2", types, position: 0, unfolded: 3 });
    same(await log.claims.claimants("name", "v2", ["ann", "bob"]), {});
    const next = (definition = "v2") =>
      appendTo("d", [{ type: "name.taken" }], { claims: [telling({ ann: true }, "name", definition)] });
    isBehind(refused((await log.append([next()]))[0]));
    same(refused((await log.append([next("v1")]))[0]).data, twin("d", "ann", "a"));
    const fold = { scope: "name", definition: "v2", after: 0, position: 2 };
    const changes = [
      { stream: "a", value: "ann", claimed: true },
      { stream: "b", value: "ann", claimed: true },
      { stream: "b", value: "bob", claimed: true },
    ];
    same(await log.claims.fold({ ...fold, changes }), {
      state: { ...state, position: 2 },
      twice: [{ value: "ann", stream: "b", claimant: "a" }],
    });
    isBehind(refused((await log.append([next()]))[0]));
    same(await log.claims.fold({ ...fold, after: 2, position: 3, changes: [] }), {
      state: { ...state, position: 3 },
      twice: [],
    });
    same(refused((await log.append([next()]))[0]).data, twin("d", "ann", "a"));
    for (const definition of ["v1", "v2"])
      same(await log.claims.claimants("name", definition, ["ann", "bob"]), { ann: "a", bob: "b" });
  },

  "is folded once for each definition: an append under one leaves its events to the others": async (fixture) => {
    const log = await begun(fixture);
    await log.claims.begin("name", "v2", types);
    const take = (definition: string, stream: string, value: string) =>
      appendTo(stream, [{ type: "name.taken" }], { claims: [telling({ [value]: true }, "name", definition)] });
    const fold = (definition: string, after: number, stream: string, value: string) => {
      const changes = [{ stream, value, claimed: true }];
      return log.claims.fold({ scope: "name", definition, after, position: after + 1, changes });
    };
    for (const n of upTo(3)) {
      await appended(log, take("v1", `a-${n}`, `ann ${n}`));
      isBehind(refused((await log.append([take("v2", `b-${n}`, `bob ${n}`)]))[0]));
      same(await log.claims.begin("name", "v2", types), {
        definition: "v2",
        types,
        position: 2 * n - 2,
        unfolded: 2 * n - 1,
      });
      assert.ok(await fold("v2", 2 * n - 2, `a-${n}`, `ann ${n}`));
      same(refused((await log.append([take("v2", "c", `ann ${n}`)]))[0]).data, twin("c", `ann ${n}`, `a-${n}`));
      await appended(log, take("v2", `b-${n}`, `bob ${n}`));
      assert.ok(await fold("v1", 2 * n - 1, `b-${n}`, `bob ${n}`));
    }
    const values = upTo(3).flatMap((n) => [`ann ${n}`, `bob ${n}`]);
    same(await log.claims.claimants("name", "v1", values), await log.claims.claimants("name", "v2", values));
    assert.equal(Object.keys(await log.claims.claimants("name", "v1", values)).length, 6);
  },

  "is removed with its definition after several others have begun": async (fixture) => {
    const log = await begun(fixture);
    await appended(log, taking("a", { ann: true }));
    for (const n of upTo(maxDefinitions)) await log.claims.begin("name", `other ${n}`, types);
    const definitions = (await log.claims.scopes()).map(({ definition }) => definition);
    assert.equal(definitions.length, maxDefinitions);
    assert.ok(definitions.includes(`other ${maxDefinitions}`));
    await appended(log, appendTo("b", [{ type: "name.taken" }]));
    for (const n of upTo(maxDefinitions)) await log.claims.begin("name", `third ${n}`, types);
    same(await log.claims.claimants("name", "v1", ["ann"]), {});
    assert.equal(await log.claims.page("name", "v1", { limit: 1 }), null);
    same(await log.claims.begin("name", "v1", types), { definition: "v1", types, position: 0, unfolded: 2 });
    same(await log.claims.claimants("name", "v1", ["ann"]), {});
  },

  "is released with all others of its stream, and may be taken again in the same commit": async (fixture) => {
    const log = await begun(fixture);
    const all = { value: null, claimed: false };
    const replacing = (stream: string, ...values: string[]) =>
      appendTo(stream, [{ type: "name.taken" }], {
        claims: [
          { scope: "name", definition: "v1", changes: [all, ...values.map((value) => ({ value, claimed: true }))] },
        ],
      });
    await appended(log, taking("a", { ann: true, art: true }), taking("b", { bob: true }));
    same(refused((await log.append([replacing("a", "alf", "bob")]))[0]).data, twin("a", "bob", "b"));
    same(await log.claims.claimants("name", "v1", ["ann", "art", "alf"]), { ann: "a", art: "a" });
    await appended(log, replacing("a", "alf", "art"));
    same(await log.claims.claimants("name", "v1", ["ann", "art", "alf", "bob"]), { art: "a", alf: "a", bob: "b" });
    await appended(
      log,
      taking("a", { amy: true }),
      replacing("a"),
      taking("b", { amy: true, alf: true }),
      replacing("c"),
    );
    same(await log.claims.claimants("name", "v1", ["amy", "art", "alf", "bob"]), { amy: "b", alf: "b", bob: "b" });
    await appended(log, appendTo("b", [{ type: "name.given-back" }]));
    const changes = [
      { ...all, stream: "b" },
      { value: "bob", claimed: true, stream: "b" },
    ];
    const after = (await log.head()) - 1;
    await log.claims.fold({ scope: "name", definition: "v1", after, position: after + 1, changes });
    same(await log.claims.page("name", "v1", { limit: 9 }), {
      position: after + 1,
      claims: [{ value: "bob", stream: "b" }],
    });
    await appended(log, taking("a", { amy: true, alf: true }));
  },

  "is folded from its position only": async (fixture) => {
    const log = await fixture.open();
    await log.append([appendTo("a", many(5))]);
    await log.claims.begin("name", "v1", types);
    const fold = { scope: "name", definition: "v1", after: 0, position: 3, changes: [] };
    assert.equal(await log.claims.fold({ ...fold, scope: "other" }), null);
    assert.equal(await log.claims.fold({ ...fold, definition: "v2" }), null);
    assert.equal(await log.claims.fold({ ...fold, after: 1 }), null);
    const answers = await Promise.all((await fixture.hosts(log, 3)).map((host) => host.claims.fold(fold)));
    assert.equal(answers.filter((answer) => answer !== null).length, 1);
    assert.equal(await log.claims.fold(fold), null);
  },

  "includes events that were stored without it: nothing can be claimed until they are folded": async (fixture) => {
    const log = await begun(fixture);
    await appended(log, taking("a", { ann: true }), appendTo("b", [{ type: "other" }]));
    await appended(log, taking("a", { ann: true }));
    await appended(log, appendTo("b", [{ type: "other" }, { type: "name.taken" }, { type: "other" }]), appendTo("c"));
    const [verdict] = await log.append([taking("d", { carl: true })]);
    isBehind(refused(verdict));
    same(await log.claims.begin("name", "v1", types), { definition: "v1", types, position: 3, unfolded: 5 });
    await appended(log, appendTo("e", [{ type: "name.given-back" }]));
    const state = await log.claims.begin("name", "v1", types);
    same(state, { definition: "v1", types, position: 3, unfolded: 8 });
    const changes = [{ stream: "b", value: "bob", claimed: true }];
    await log.claims.fold({ scope: "name", definition: "v1", after: 3, position: 8, changes });
    same(refused((await log.append([taking("d", { bob: true })]))[0]).data, twin("d", "bob", "b"));
    await appended(log, taking("d", { carl: true }));
  },

  "is checked after repeats and expected versions": async (fixture) => {
    const log = await begun(fixture);
    const send = () => appendTo("a", [{ type: "name.taken", id: ids[0] }], { claims: [telling({ ann: true })] });
    await appended(log, send());
    await appended(log, taking("a", { ann: false }), taking("b", { ann: true }));
    const [repeat, conflict] = await log.append([send(), taking("a", { ann: true }, { expectedVersion: 1 })]);
    assert.equal("repeated" in repeat! && repeat.repeated, true);
    assert.equal(refused(conflict).type, "VERSION_CONFLICT");
    same(await log.claims.claimants("name", "v1", ["ann"]), { ann: "b" });
  },

  "is rolled back with a commit that fails": async (fixture) => {
    const log = await begun(fixture);
    await appended(log, taking("a", { ann: true }));
    const failing = () =>
      log.append([
        taking("b", { bob: true }),
        taking("a", { ann: false }),
        appendTo("c", [{ type: "name.taken" }]),
        brokenAppend("d"),
      ]);
    assert.match((await refusal(failing)).message, /this event cannot be read/);
    same(await log.claims.claimants("name", "v1", ["ann", "bob"]), { ann: "a" });
    same(refused((await log.append([taking("b", { ann: true })]))[0]).data, twin("b", "ann", "a"));
    await appended(log, taking("b", { bob: true }));
    assert.equal((await everything(log)).length, 2);
  },

  "goes to exactly one of many concurrent appends": async (fixture) => {
    const hosts = await fixture.hosts(await begun(fixture), 4);
    for (const n of upTo(5)) {
      const verdicts = await Promise.all(
        upTo(12).map((k) => hosts[k % 4]!.append([taking(`s-${n}-${k}`, { [`name ${n}`]: true })])),
      );
      const winners = verdicts.flat().filter((verdict) => "events" in verdict);
      assert.equal(winners.length, 1);
      same(await hosts[1]!.claims.claimants("name", "v1", [`name ${n}`]), {
        [`name ${n}`]: stored(winners[0])[0]!.stream,
      });
    }
  },

  "is listed with the others of its scope, in the order of their bytes, and up to where they are those of the log":
    async (fixture) => {
      const log = await begun(fixture);
      assert.equal(await log.claims.page("other", "v1", { limit: 9 }), null);
      same(await log.claims.scopes(), [{ scope: "name", definition: "v1" }]);
      same(await log.claims.page("name", "v1", { limit: 9 }), { position: 0, claims: [] });
      await log.claims.begin("A name", "v2", ["other"]);
      same(await log.claims.scopes(), [
        { scope: "A name", definition: "v2" },
        { scope: "name", definition: "v1" },
      ]);
      const long = "l".repeat(1001);
      const values = ["\uffff", "😀", "b", "B", "å", long, "a"];
      for (const [index, value] of values.entries()) await appended(log, taking(`s-${index}`, { [value]: true }));
      await appended(log, taking("t", { c: true }), taking("t", { c: false }));
      const inOrder = ["B", "a", "b", keptClaim(long), "å", "\uffff", "😀"];
      const streams = ["s-3", "s-6", "s-2", "s-5", "s-4", "s-0", "s-1"];
      const expected = inOrder.map((value, index) => ({ value, stream: streams[index]! }));
      const found = [];
      for (let after: string | undefined; ; after = found.at(-1)!.value) {
        const page = await log.claims.page("name", "v1", { limit: 3, ...(after !== undefined && { after }) });
        assert.equal(page!.position, 9);
        if (page!.claims.length === 0) break;
        found.push(...page!.claims);
      }
      same(found, expected);
      same((await log.claims.claimants("name", "v1", [long]))[long], "s-5");
      await appended(log, appendTo("c", [{ type: "name.taken" }]), appendTo("c"));
      same((await log.claims.page("name", "v1", { limit: 1 }))!.position, 9);
      await log.claims.fold({ scope: "name", definition: "v1", after: 9, position: 10, changes: [] });
      same((await log.claims.page("name", "v1", { limit: 1 }))!.position, 11);
      await log.claims.begin("name", "v2", types);
      same(await log.claims.page("name", "v2", { limit: 9 }), { position: 0, claims: [] });
    },
};
