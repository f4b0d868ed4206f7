import { randomUUID } from "node:crypto";
import type { AppendRequest } from "../../core/log/append-request.ts";
import type { AppendVerdict, EventLog } from "../../core/log/event-log.ts";
import { postgres } from "../../adapters/postgres/postgres.ts";
import { everything } from "../../testing/event-log/log-fixture.ts";
import { appended, appendTo, ids, many, numbersOf, upTo } from "../../testing/event-log/requests.ts";
import { refusal } from "../support/broker.ts";
import { describeWith } from "../support/engines.ts";
import { FaultyLine } from "../support/faulty-line.ts";
import { sql } from "../support/postgres-server.ts";

/** A request that depends on `follows` and expects the version after it. */
const following = (follows: AppendRequest, expectedVersion: number): AppendRequest => ({
  ...appendTo(follows.stream, [{}], { expectedVersion }),
  dependsOn: follows,
});

const toldOf = (verdict: AppendVerdict) =>
  "events" in verdict
    ? [...numbersOf(verdict.events), ...(verdict.repeated ? ["repeated"] : [])]
    : (verdict.error as { type?: unknown }).type;

describeWith("postgres", "A commit in PostgreSQL", (server) => {
  let line: FaultyLine;
  let log: EventLog;

  beforeEach(async () => {
    line = await FaultyLine.to(server().url);
    log = postgres(line.url).eventLog!(randomUUID());
    await log.open();
    await appended(log, appendTo("before"));
  });

  afterEach(async () => {
    await log.close();
    await line.close();
  });

  for (const lost of ["statement", "answer"] as const)
    for (const known of ["are told", "have to be read"] as const)
      it(`is stored once, and answered as it was, where its ${lost} is lost and the versions ${known}`, async () => {
        const first = appendTo("a", many(2), { expectedVersion: 0 });
        const second = following(first, 2);
        const requests = [
          first,
          appendTo("before", [{}], { expectedVersion: known === "are told" ? 1 : "any" }),
          second,
          { ...appendTo("b", [{}], { expectedVersion: 0 }), continues: true },
          following(second, 3),
        ];
        line.lose(lost, "store_commit");
        const verdicts = await log.append(requests);
        expect(line.hasLost).toBe(true);
        expect(verdicts.map(toldOf)).toEqual([
          [
            ["a", 1, 2],
            ["a", 2, 3],
          ],
          [["before", 2, 4]],
          [["a", 3, 5]],
          [["b", 1, 6]],
          [["a", 4, 7]],
        ]);
        const events = await everything(log);
        expect(verdicts.flatMap((verdict) => ("events" in verdict ? verdict.events : []))).toEqual(events.slice(1));
        expect(events.map(({ position }) => position)).toEqual(upTo(7));
      });

  it("is not reported as refused if no connection is left to find out its outcome", async () => {
    const changed = new URL(server().url);
    changed.password = "changed";
    await sql(server().url, "ALTER USER postgres PASSWORD 'changed'");
    try {
      line.lose("answer", "store_commit");
      expect(await refusal(() => log.append([appendTo("a", [{}], { expectedVersion: 0 })]))).toMatchObject({
        type: "STORE_UNAVAILABLE",
        retryable: true,
        message: expect.stringMatching(/may or may not be stored: .*rejected the user's password/) as string,
      });
    } finally {
      await sql(changed.href, "ALTER USER postgres PASSWORD 'right'");
    }
    expect(await log.head()).toBe(2);
  });

  it("stores what depends on an append that is stored now, and refuses what depends on one that was stored before", async () => {
    const first = appendTo("a", [{ id: ids[0] }], { expectedVersion: 0 });
    line.lose("answer", "store_commit");
    expect((await log.append([first, following(first, 1)])).map(toldOf)).toEqual([
      [["a", 1, 2], "repeated"],
      [["a", 2, 3]],
    ]);
    line.lose("answer", "store_commit");
    expect((await log.append([first, following(first, 2), appendTo("b")])).map(toldOf)).toEqual([
      [["a", 1, 2], "repeated"],
      "SPECULATION_FAILED",
      [["b", 1, 4]],
    ]);
    expect(await log.head()).toBe(4);
  });
});
