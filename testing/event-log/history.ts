import assert from "node:assert/strict";
import { same } from "../kit/same.ts";
import type { LogCases } from "./log-fixture.ts";
import { appendTo, appended, ask, ids, upTo } from "./requests.ts";

const commits = 100;
const streams = 1000;

/** A long log: every read stays correct. */
export const history: LogCases = {
  "of 100,000 events in 1,000 streams is complete, and each part can be read": async (fixture) => {
    const log = await fixture.open();
    for (let commit = 1; commit <= commits; commit++) {
      const requests = upTo(streams).map((n) => appendTo(`s-${n}`, [{ payload: { commit, n } }]));
      const verdicts = await log.append(requests);
      assert.ok(verdicts.every((verdict) => "events" in verdict));
    }
    assert.equal(await log.head(), commits * streams);

    let expected = 0;
    for (let after = 0, end = false; !end;) {
      const page = await log.read({ after, limit: 10_000 });
      for (const { position, stream, version } of page.events) {
        assert.equal(position, ++expected);
        assert.equal(version, Math.ceil(expected / streams));
        assert.equal(stream, `s-${((expected - 1) % streams) + 1}`);
      }
      assert.ok(page.end || page.position > after);
      ({ position: after, end } = page);
    }
    assert.equal(expected, commits * streams);

    const stream = await log.readStream("s-777", { afterVersion: 0, limit: 1000 });
    same(
      stream.map(({ version }) => version),
      upTo(commits),
    );
    assert.equal(await log.count(ask()), commits * streams);
    assert.equal(await log.count(ask({ query: { stream: "s-777" } })), commits);
    assert.equal((await log.streams({ category: "s", limit: 2000 })).length, streams);
    same(await log.findByIds([stream[41]!.id, ids[0]]), [stream[41]]);
    const [next] = await appended(log, appendTo("s-777", [{}], { expectedVersion: commits }));
    assert.equal(next!.position, commits * streams + 1);
  },
};
