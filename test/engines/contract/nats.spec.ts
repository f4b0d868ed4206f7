import { natsFromString } from "../../../adapters/nats/connection-string.ts";
import { cleanUp, newFolder } from "../../support/broker.ts";
import { describeWith } from "../../support/engines.ts";
import { checkServerContract } from "./check-server-contract.ts";

describeWith("nats-server", "NATS JetStream", (server) => {
  const index = newFolder();
  afterAll(cleanUp);
  checkServerContract({
    url: () => `${server()?.url ?? "nats://anywhere"}?folder=${index}`,
    adapter: natsFromString,
    // Goes with the server's folder.
    remove: async () => {},
    inProcess: new URL("./nats-port.ts", import.meta.url).href,
  });
});
