import { mongoFromString } from "../../adapters/mongo/connection-string.ts";

/** What the contract suite's other processes open. */
export default (_kind: "log", url: string, name: string) => mongoFromString(url).eventLog!(name);
