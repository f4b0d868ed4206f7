import { natsFromString } from "../../adapters/nats/connection-string.ts";
import { describeWith } from "../support/engines.ts";
import { checkSharedLog } from "./chains.ts";

describeWith("nats-server", "A log in NATS JetStream", (server) => {
  checkSharedLog({
    server,
    log: (url, name) => natsFromString(url).eventLog!(name),
    inProcess: new URL("../contract/nats-port.ts", import.meta.url).href,
  });
});
