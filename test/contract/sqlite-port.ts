import { sqlite } from "../../adapters/sqlite/sqlite.ts";

/** What the contract suite's other processes open. */
export default (kind: "log" | "table", folder: string) => {
  const adapter = sqlite(`${folder}/x.db`);
  return kind === "log" ? adapter.eventLog!("events") : adapter.readTable!("table");
};
