import type { ServiceBroker } from "moleculer";
import { Aggregate, type RecordedEvent, type StreamSummary } from "moleculer-event-sourcing";
import { caughtUp, cleanUp, newFolder } from "../support/broker.ts";
import { describeWith } from "../support/engines.ts";
import { hostedStore, readLog, remoteStore } from "./accounts.ts";
import { Cluster } from "./cluster.ts";

afterEach(cleanUp);

interface Noted extends RecordedEvent {
  payload: { text?: string; number: number };
}

/** A store on one node, a table of sizes on another, a third that hosts nothing. */
async function cluster(server: string | Parameters<typeof newCluster>[0]): Promise<Record<"a" | "b" | "c", ServiceBroker>> {
  return newCluster(server as Parameters<typeof newCluster>[0]);
}
