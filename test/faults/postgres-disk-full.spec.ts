import { randomBytes } from "node:crypto";
import { chownSync } from "node:fs";
import { postgres } from "../../adapters/postgres/postgres.ts";
import { appended, appendTo } from "../../testing/event-log/requests.ts";
import { everything } from "../../testing/event-log/log-fixture.ts";
import { cleanUp, newFolder, refusal } from "../support/broker.ts";
import { describeWith } from "../support/engines.ts";
import { sql, user } from "../support/postgres-server.ts";
import { describeWhereMountable, mount, resize, unmount } from "../support/small-disk.ts";

describeWhereMountable("A full disk", () => {
  afterAll(cleanUp);

  describeWith("postgres", "of PostgreSQL", (server) => {
    let disk: string;
    beforeAll(async () => {
      disk = newFolder();
      mount(disk, "4m");
      const { uid, gid } = user();
      if (uid !== undefined) chownSync(disk, uid, gid!);
      // Only its tables are there: a server that cannot write its own log ends.
      await sql(server().url, `CREATE TABLESPACE small LOCATION '${disk}'`);
    });
    afterAll(async () => {
      await server().kill();
      unmount(disk);
    });

    it("makes appends an outage, loses nothing that was acknowledged, and more is stored when there is room", async () => {
      const address = `${server().url}?options=${encodeURIComponent("-c default_tablespace=small")}`;
      const log = postgres(address).eventLog!("events");
      await log.open();
      const event = () => appendTo("a", [{ payload: randomBytes(100_000).toString("hex") }]);
      let stored = 0;
      const error = await refusal(async () => {
        for (;;) {
          await appended(log, event());
          stored++;
        }
      });
      expect(error).toMatchObject({ type: "STORE_UNAVAILABLE", code: 503, retryable: true });
      expect(error.message).toMatch(/schema "events": the server's disk is full \(could not extend file/);
      expect(stored).toBeGreaterThan(2);
      expect(await everything(log)).toHaveLength(stored);
      resize(disk, "64m");
      const [after] = await appended(log, event());
      expect(after).toMatchObject({ position: stored + 1, version: stored + 1 });
      await log.close();
    });
  });
});
