import type { BrokerOptions } from "moleculer";

/** A cluster node's options: only nodes of one namespace find each other. */
export const nodeOptions = (url: string, namespace: string, nodeID: string): BrokerOptions => ({
  nodeID,
  namespace,
  transporter: { type: "NATS", options: { url, reconnectTimeWait: 100 } },
});
