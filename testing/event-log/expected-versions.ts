import assert from "node:assert/strict";
import type { ExpectedVersion } from "../../core/log/expected-version.ts";
import { same } from "../kit/same.ts";
import type { LogCases } from "./log-fixture.ts";
import { appendTo, many, refused, upTo } from "./requests.ts";

const table: [expected: ExpectedVersion, actual: number, isMet: boolean][] = [
  ["any", 0, true],
  ["any", 2, true],
  ["no-stream", 0, true],
  ["no-stream", 2, false],
  [0, 0, true],
  [0, 2, false],
  ["stream-exists", 0, false],
  ["stream-exists", 2, true],
  [2, 2, true],
  [1, 2, false],
  [3, 2, false],
  [1, 0, false],
];

const eachOfThem = Object.fromEntries(
  table.map(([expectedVersion, actual, isMet]) => [
    `of ${expectedVersion} ${isMet ? "is" : "is not"} met with the stream at ${actual}`,
    async (fixture) => {
      const log = await fixture.open();
      await log.append([appendTo("other", many(5)), ...(actual > 0 ? [appendTo("a", many(actual))] : [])]);
      const before = await log.head();
      const [verdict] = await log.append([appendTo("a", many(2), { expectedVersion })]);
      assert.equal("events" in verdict!, isMet);
      if (!isMet) {
        const { type, code, retryable, data } = refused(verdict) as Error & Record<string, unknown>;
        same(
          { type, code, retryable, data },
          {
            type: "VERSION_CONFLICT",
            code: 409,
            retryable: false,
            data: { stream: "a", expected: expectedVersion, actual },
          },
        );
      }
      assert.equal(await log.head(), before + (isMet ? 2 : 0));
      assert.equal((await log.readStream("a", { afterVersion: 0, limit: 10 })).length, actual + (isMet ? 2 : 0));
    },
  ]),
) satisfies LogCases;

/** Expected versions, and conflicts. */
export const expectedVersions: LogCases = {
  ...eachOfThem,

  "lets exactly one of many appends in one commit win": async (fixture) => {
    const log = await fixture.open();
    await log.append([appendTo("a", many(3))]);
    const verdicts = await log.append([
      ...upTo(10).map(() => appendTo("a", many(1), { expectedVersion: 3 })),
      ...upTo(10).map(() => appendTo("a")),
    ]);
    same(
      verdicts.map((verdict) => "events" in verdict),
      [true, ...upTo(9).map(() => false), ...upTo(10).map(() => true)],
    );
    for (const verdict of verdicts.slice(1, 10)) same(refused(verdict).data, { stream: "a", expected: 3, actual: 4 });
    assert.equal(await log.head(), 14);
  },

  "lets exactly one of many concurrent commits win, round after round": async (fixture) => {
    const hosts = await fixture.hosts(await fixture.open(), 4);
    for (let version = 0; version < 20; version++) {
      const verdicts = (
        await Promise.all(
          upTo(12).map((n) => hosts[n % 4]!.append([appendTo("a", many(1), { expectedVersion: version })])),
        )
      ).flat();
      const losers = verdicts.filter((verdict) => "error" in verdict);
      assert.equal(losers.length, 11);
      for (const verdict of losers)
        same(refused(verdict).data, { stream: "a", expected: version, actual: version + 1 });
    }
    assert.equal(await hosts[0]!.head(), 20);
  },

  "that is any never fails because of a race": async (fixture) => {
    const hosts = await fixture.hosts(await fixture.open(), 4);
    const verdicts = await Promise.all(upTo(60).map((n) => hosts[n % 4]!.append([appendTo("a", many(2))])));
    assert.ok(verdicts.flat().every((verdict) => "events" in verdict));
    const versions = (await hosts[0]!.readStream("a", { afterVersion: 0, limit: 1000 })).map(({ version }) => version);
    same(versions, upTo(120));
  },
};
