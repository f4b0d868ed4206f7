import { mongoFromString } from "../../../adapters/mongodb/connection-string.ts";

/** What the contract suite's other processes open. */
export default (kind: "log" | "table", url: string, name: string) => {
  const adapter = mongoFromString(url);
  return kind === "log" ? adapter.eventLog!(name) : adapter.readTable!(name);
};
