import { describeWith } from "../../support/engines.ts";
import { checkServerContract } from "./check-server-contract.ts";
import { onMongo } from "./moleculer-db-mongo-port.ts";

describeWith("mongodb", "moleculer-db-adapter-mongo, fenced", (server) => {
  checkServerContract({
    url: () => `${server()?.url ?? "mongodb://anywhere"}/fenced`,
    adapter: onMongo,
    // Goes with the server's folder.
    remove: async () => {},
    // What an adapter has to do for it; the rest is decided here, as with NeDB.
    only: /^(A batch|A change|A generation|Hosts|A table|A parked)/,
    inProcess: new URL("./moleculer-db-mongo-port.ts", import.meta.url).href,
  });
});
