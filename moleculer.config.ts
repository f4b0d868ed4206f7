import type { BrokerOptions } from "moleculer";

/** Runs the examples in one node with the REPL. Set TRANSPORTER to join other nodes. */
const config: BrokerOptions = {
  nodeID: process.env["NODE_ID"] ?? "examples",
  logger: { type: "Console", options: { level: process.env["LOG_LEVEL"] ?? "warn", formatter: "short" } },
  transporter: process.env["TRANSPORTER"] ?? null,
  replOptions: { delimiter: "mol $" },
};

export default config;
