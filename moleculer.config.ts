import type { BrokerOptions } from "moleculer";

/** Runs the examples in one node with the REPL. */
const config: BrokerOptions = {
  nodeID: process.env["NODE_ID"] ?? "examples",
  logger: { type: "Console", options: { level: process.env["LOG_LEVEL"] ?? "warn", formatter: "short" } },
  replOptions: { delimiter: "mol $" },
};

export default config;
