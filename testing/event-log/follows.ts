import assert from "node:assert/strict";
import type { AppendRequest } from "../../core/log/append-request.ts";
import { same } from "../kit/same.ts";
import { everything, type LogCases } from "./log-fixture.ts";
import { appendTo, ids, many, refused, stored } from "./requests.ts";

/** A request that depends on `follows` and expects the version after it. */
const following = (follows: AppendRequest, expectedVersion: number): AppendRequest => ({
  ...appendTo("a", [{}], { expectedVersion }),
  dependsOn: follows,
});

/** Requests that depend on another one of the same commit. */
export const followers: LogCases = {
  "is stored behind it, in the same commit": async (fixture) => {
    const log = await fixture.open();
    const first = appendTo("a", [{}], { expectedVersion: 0 });
    const second = following(first, 1);
    const verdicts = await log.append([first, appendTo("b"), second, following(second, 2)]);
    assert.equal(verdicts.flatMap(stored).length, 4);
  },

  "is refused if that one is, even if its version is the expected one": async (fixture) => {
    const log = await fixture.open();
    const late = appendTo("a", [{}], { expectedVersion: 0 });
    const second = following(late, 1);
    const [rival, ...verdicts] = await log.append([appendTo("a"), late, second, following(second, 1)]);
    assert.equal(stored(rival).length, 1);
    same(
      verdicts.map((verdict) => refused(verdict).type),
      ["VERSION_CONFLICT", "SPECULATION_FAILED", "SPECULATION_FAILED"],
    );
    assert.equal((await everything(log)).length, 1);
  },

  "is refused if that one was stored before, or in no commit": async (fixture) => {
    const log = await fixture.open();
    const known = appendTo("a", [{ id: ids[0] }]);
    await log.append([known]);
    const verdicts = await log.append([known, following(known, 1), following(appendTo("a"), 1)]);
    assert.equal(stored(verdicts[0]).length, 1);
    for (const verdict of verdicts.slice(1)) assert.equal(refused(verdict).type, "SPECULATION_FAILED");
    assert.equal((await everything(log)).length, 1);
  },

  "does not change the version of its stream if it is refused": async (fixture) => {
    const log = await fixture.open();
    await log.append([appendTo("a", many(12))]);
    const first = appendTo("b", [{}], { expectedVersion: 0 });
    const late = appendTo("b", [{}], { expectedVersion: 0 });
    const verdicts = await log.append([first, late, following(late, 9), appendTo("a", [{}], { expectedVersion: 12 })]);
    same(
      verdicts.map((verdict) => ("events" in verdict ? verdict.events[0]!.version : refused(verdict).type)),
      [1, "VERSION_CONFLICT", "SPECULATION_FAILED", 13],
    );
  },
};
