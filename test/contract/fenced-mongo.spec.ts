import { describeWith } from "../support/engines.ts";
import { checkServerContract } from "./check-server-contract.ts";
import { onMongo } from "./fenced-mongo-port.ts";

describeWith("mongodb", "moleculer-db-adapter-mongo, fenced", (server) => {
  checkServerContract({
    url: () => `${server()?.url ?? "mongodb://anywhere"}/fenced`,
    adapter: onMongo,
    // Goes with the server's folder.
    remove: async () => {},
    // Queries are decided here, as with NeDB: the server would look through all rows for each of thousands.
    only: /^(?!A find|A query|An order|A row with odd)/,
    inProcess: new URL("./fenced-mongo-port.ts", import.meta.url).href,
  });
});
