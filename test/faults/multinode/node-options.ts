import type { BrokerOptions } from "moleculer";

/** What makes a node of a cluster: only those of one namespace find each other. */
export const nodeOptions = (url: string, namespace: string, nodeID: string): BrokerOptions => ({
  nodeID,
  namespace,
  transporter: { type: "NATS", options: { url, reconnectTimeWait: 100 } },
});
