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
    inProcess: new URL("./mongodb-port.ts", import.meta.url).href,
  });
});
