import { natsFromString } from "../../../adapters/nats/connection-string.ts";

/** What the contract suite's other processes open. */
export default (_kind: "log", url: string, name: string) => natsFromString(url).eventLog!(name);
