import { postgres } from "../../../adapters/postgres/postgres.ts";

/** What the contract suite's other processes open. */
export default (kind: "log" | "table", url: string, name: string) => {
  const adapter = postgres(url);
  return kind === "log" ? adapter.eventLog!(name) : adapter.readTable!(name);
};
