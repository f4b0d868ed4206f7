import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { postgres } from "../../adapters/postgres/postgres.ts";
import { everything } from "../../testing/event-log/log-fixture.ts";
import { appended, appendTo, many, numbersOf, refused } from "../../testing/event-log/requests.ts";
import { describeWith, find } from "../support/engines.ts";
import { sql } from "../support/postgres-server.ts";

const run = (program: string, args: string[], input = "") =>
  execFileSync(find(program)!, args, { input, encoding: "utf8", stdio: ["pipe", "pipe", "ignore"] });

describeWith(
  "postgres",
  "A log in PostgreSQL that is put back under its hosts",
  (server) => {
    it("goes on from what is there by then, whatever they knew", async () => {
      const { url } = server();
      const name = randomUUID();
      const [one, other] = [postgres(url).eventLog!(name), postgres(`${url}?application_name=other`).eventLog!(name)];
      for (const log of [one, other]) await log.open();
      await appended(one, appendTo("a", many(3), { expectedVersion: 0 }));
      const dump = run("pg_dump", [`--schema="${name}"`, url]);

      const [event] = await appended(one, appendTo("a", many(3), { expectedVersion: 3 }));
      await one.links.add("all", [event!.id]);
      await appended(one, appendTo("b"));
      await sql(url, `DROP SCHEMA "${name}" CASCADE`);
      run("psql", ["-v", "ON_ERROR_STOP=1", url], dump);
      await other.claims.begin("name", "v1", ["name.taken"]);

      await appended(one, appendTo("c", [{ type: "name.taken" }], { expectedVersion: 0 }));
      expect((await other.claims.begin("name", "v1", ["name.taken"])).unfolded).toBe(4);
      for (const [stream, expectedVersion, actual] of [
        ["a", 6, 3],
        ["b", 1, 0],
      ] as const) {
        const [verdict] = await one.append([appendTo(stream, [{}], { expectedVersion })]);
        expect(refused(verdict).data).toEqual({ stream, expected: expectedVersion, actual });
      }
      expect(await one.head()).toBe(4);
      await appended(one, appendTo("a", [{}], { expectedVersion: 3 }), appendTo("all", [{}], { expectedVersion: 0 }));
      expect(numbersOf((await everything(other)).slice(3))).toEqual([
        ["c", 1, 4],
        ["a", 4, 5],
        ["all", 1, 6],
      ]);
      for (const log of [one, other]) await log.close();
    });
  },
  "pg_dump",
);
