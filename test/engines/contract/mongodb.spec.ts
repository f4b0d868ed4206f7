import { mongoFromString } from "../../../adapters/mongodb/connection-string.ts";
import { cleanUp, newFolder } from "../../support/broker.ts";
import { describeWith } from "../../support/engines.ts";
import { checkServerContract } from "./check-server-contract.ts";

describeWith("mongodb", "MongoDB", (server) => {
  const index = newFolder();
  afterAll(cleanUp);
  checkServerContract({
    url: () => `${server()?.url ?? "mongodb://anywhere"}?folder=${index}`,
    adapter: mongoFromString,
    // Goes with the server's folder.
    remove: async () => {},
    // FerretDB checks conditions and writes in two steps; the shared NeDB runs the same code with one.
    only: /^(?!Owners at the same time)/,
    inProcess: new URL("./mongodb-port.ts", import.meta.url).href,
  });
});
