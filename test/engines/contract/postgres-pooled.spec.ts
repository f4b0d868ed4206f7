import { postgres } from "../../../adapters/postgres/postgres.ts";
import { describeWith } from "../../support/engines.ts";
import { Pgbouncer } from "../../support/pgbouncer.ts";
import { sql } from "../../support/postgres-server.ts";
import { checkServerContract } from "./check-server-contract.ts";

// What takes more than one statement, or several hosts; the rest is the same with a proxy and without.
const some =
  /^(A commit|A claim|A lease|Links|Hosts of|No event|A batch|A generation|A backup|A find|.* whose host is killed)/;

describeWith(
  "postgres",
  "PostgreSQL behind a proxy that pools transactions",
  (server) => {
    let proxy: Pgbouncer | undefined;
    beforeAll(async () => {
      proxy = await Pgbouncer.start(server().url);
    });
    afterAll(() => proxy?.stop());

    checkServerContract({
      url: () => proxy?.url ?? "postgres://anywhere/any",
      adapter: (url) => postgres(url),
      remove: (_url, name) => sql(server().url, `DROP SCHEMA IF EXISTS "${name}" CASCADE`),
      inProcess: new URL("./postgres-port.ts", import.meta.url).href,
      only: some,
    });
  },
  "pgbouncer",
);
