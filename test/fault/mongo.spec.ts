import { mongoFromString } from "../../adapters/mongo/connection-string.ts";
import { describeWith } from "../support/engines.ts";
import { checkSharedLog } from "./chains.ts";

describeWith("mongodb", "A log in MongoDB", (server) => {
  checkSharedLog({
    server,
    log: (url, name) => mongoFromString(url).eventLog!(name),
    inProcess: new URL("../contract/mongo-port.ts", import.meta.url).href,
  });
});
