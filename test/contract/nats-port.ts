import { nats } from "../../adapters/nats/nats.ts";

/** What the contract suite's other processes open. */
export default (url: string, prefix: string, index: string) => nats(url, { prefix, index }).eventLog!("events");
