import { postgres } from "../../../adapters/postgres/postgres.ts";
import { describeWith } from "../../support/engines.ts";
import { sql } from "../../support/postgres-server.ts";
import { checkServerContract } from "./check-server-contract.ts";

describeWith("postgres", "PostgreSQL", (server) => {
  checkServerContract({
    url: () => server()?.url ?? "postgres://anywhere/any",
    adapter: (url) => postgres(url),
    remove: (url, name) => sql(url, `DROP SCHEMA IF EXISTS "${name}" CASCADE`),
    inProcess: new URL("./postgres-port.ts", import.meta.url).href,
  });
});
