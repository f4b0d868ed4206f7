import type { ClientBase } from "pg";
import { Silence } from "../../adapters/postgres/silence.ts";
import { setTimes, times } from "../../core/concurrency/times.ts";
import { eventually } from "../support/broker.ts";

/**
 * A client with the driver's view of its connection, and a running statement, until it completes or the connection is
 * cut.
 */
function newClient(processID: number) {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const stream = { bytesRead: 1000, destroy: () => reject(new Error("Connection terminated unexpectedly")) };
  return { client: { processID, connection: { stream } } as unknown as ClientBase, stream, answer: promise, resolve };
}

describe("A statement in PostgreSQL without an answer", () => {
  const { postgres } = structuredClone(times);
  beforeAll(() => setTimes({ postgres: { silentMs: 20, checkMs: 10 } }));
  afterAll(() => setTimes({ postgres }));

  /** `asked`: the sessions of each query. The server works on those in `working`, or the query fails. */
  function newSilence(working: number[] | null | Error) {
    const asked: (readonly number[])[] = [];
    const found = { asked, dead: 0 };
    const silence = new Silence({
      async askWorking(sessions) {
        asked.push(sessions);
        if (working instanceof Error) throw working;
        return working && new Set(working);
      },
      onDead: () => found.dead++,
    });
    return { silence, found };
  }

  it("is cut where the server does nothing for it, and others of its time are not", async () => {
    const { silence, found } = newSilence([2]);
    const [lost, long] = [newClient(1), newClient(2)];
    const running = silence.during(long.client, () => long.answer);
    await expect(silence.during(lost.client, () => lost.answer)).rejects.toThrow("terminated");
    expect(found.asked[0]).toEqual([2, 1]);
    expect(found.dead).toBe(1);
    long.resolve("rows");
    expect(await running).toBe("rows");
  });

  it("is left alone while something arrives for it", async () => {
    const { silence, found } = newSilence([]);
    const { client, stream, answer, resolve } = newClient(1);
    const arriving = setInterval(() => stream.bytesRead++, 1);
    const running = silence.during(client, () => answer);
    await eventually(() => expect(found.asked.length).toBeGreaterThan(2));
    clearInterval(arriving);
    resolve("rows");
    expect(await running).toBe("rows");
    expect(found.dead).toBe(0);
  });

  it("is asked about again where the server was not reached, and ever less often where it works", async () => {
    const [unreached, working] = [newSilence(new Error("timeout")), newSilence([1])];
    const statements = [unreached, working].map(({ silence }) => {
      const { client, answer, resolve } = newClient(1);
      return { running: silence.during(client, () => answer), resolve };
    });
    await eventually(() => expect(unreached.found.asked.length).toBeGreaterThan(10));
    expect(working.found.asked.length).toBeLessThan(unreached.found.asked.length);
    for (const { resolve } of statements) resolve("rows");
    expect(await Promise.all(statements.map(({ running }) => running))).toEqual(["rows", "rows"]);
  });

  it("is not asked about behind a proxy, which hides the session", async () => {
    const { silence, found } = newSilence(null);
    const [first, second] = [newClient(1), newClient(2)];
    const one = silence.during(first.client, () => first.answer);
    await eventually(() => expect(found.asked).toEqual([[1]]));
    const other = silence.during(second.client, () => second.answer);
    await eventually(() => expect(found.asked).toEqual([[1], [2]]));
    first.resolve("rows");
    second.resolve("rows");
    expect(await Promise.all([one, other])).toEqual(["rows", "rows"]);
  });
});
