import { Connections } from "../../adapters/postgres/connections.ts";
import { postgres } from "../../adapters/postgres/postgres.ts";
import { setTimes, times } from "../../core/concurrency/times.ts";
import { appended, appendTo } from "../../testing/event-log/requests.ts";
import { everything } from "../../testing/event-log/log-fixture.ts";
import { Link } from "../cluster/link.ts";
import { cleanUp, newFolder } from "../support/broker.ts";
import { describeWith } from "../support/engines.ts";

describeWith("postgres", "A connection to PostgreSQL", (server) => {
  const { postgres: real } = structuredClone(times);
  afterEach(async () => {
    setTimes({ postgres: real });
    await cleanUp();
  });

  // The time-out of a statement, 30 s, would be later.
  it("is replaced when it dies silently, with all others", async () => {
    const url = new URL(server().url);
    const link = await Link.to(Number(url.port));
    url.port = String(link.port);
    try {
      const log = postgres(url.href, { folder: newFolder() }).eventLog!("stranded");
      await log.open();
      await Promise.all(Array.from({ length: 10 }, (_, at) => appended(log, appendTo(`s-${at}`))));
      link.strand();
      const appends = Array.from({ length: 10 }, (_, at) => log.append([appendTo(`s-${at}`)]));
      const settled = await Promise.allSettled(appends);
      const refused = settled.flatMap((one) => (one.status === "rejected" ? [one.reason as Error] : []));
      for (const error of refused) expect(error).toMatchObject({ type: "STORE_UNAVAILABLE" });
      expect(await log.control.acquireLease("pump", "n/1", 3000)).toMatchObject({ lease: { epoch: 1 } });
      expect(await everything(log)).toHaveLength(20 - refused.length);
      await log.close();
    } finally {
      await link.close();
    }
  }, 20_000);

  it("is kept while the server works on its statement, or a transaction's", async () => {
    setTimes({ postgres: { silentMs: 100, checkMs: 50 } });
    const options = { connectionString: server().url, timeoutMs: 30_000, driver: {} };
    const connections = await Connections.to("here", options);
    try {
      const { rows } = await connections.query("SELECT pg_sleep(1), pg_backend_pid()");
      expect(rows).toHaveLength(1);
      const work = connections.transaction(async (held) => {
        const before = await held.query("SELECT pg_backend_pid()");
        await held.query("SELECT pg_sleep(1)");
        return [before, await held.query("SELECT pg_backend_pid()")];
      });
      const [before, after] = await work;
      expect(after!.rows).toEqual(before!.rows);
    } finally {
      await connections.end();
    }
  });
});
