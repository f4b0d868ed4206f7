import type { ServiceBroker } from "moleculer";

/** Each metric's name in Moleculer's registry. */
export const metricNames = {
  appended: "moleculer.eventsourcing.appended.total",
  appendTime: "moleculer.eventsourcing.append.time",
  conflicts: "moleculer.eventsourcing.conflicts.total",
  consumerLag: "moleculer.eventsourcing.consumer.lag",
  folded: "moleculer.eventsourcing.consumer.folded.total",
  parked: "moleculer.eventsourcing.consumer.parked",
  rebuildProgress: "moleculer.eventsourcing.consumer.rebuild.progress",
} as const;

const counters = [
  { name: metricNames.appended, description: "Events appended" },
  { name: metricNames.conflicts, description: "Appends rejected with a version conflict" },
  {
    name: metricNames.folded,
    description: "Events folded and committed, or handled by a subscription or process manager",
  },
];

const gauges = [
  { name: metricNames.consumerLag, description: "Events that the consumer has not passed yet; NaN while unknown" },
  { name: metricNames.parked, description: "Parked events, including those that wait behind one" },
  { name: metricNames.rebuildProgress, description: "Folded share of a new table, from 0 to 1; 1 without a rebuild" },
];

/** The metrics of a store have only the label `store`. */
const labelNames = ["store", "consumer", "kind"];

/** What passes through a log; the label `kind`. The pump of a store is the consumer `pump`. */
export type ConsumerKind = "table" | "subscription" | "process" | "pump";

/** The metrics of a store. */
export interface StoreMetrics {
  /** Records an append that was stored, rejected or failed. `events` is the number of newly stored ones. */
  recordAppend(ms: number, events: number, isConflict: boolean): void;
  /** NaN while unknown. */
  pumpLag(events: number): void;
}

/** The metrics of a consumer. */
export interface ConsumerMetrics {
  /** NaN while unknown. */
  lag(events: number): void;
  folded(events: number): void;
  parked(events: number): void;
  rebuilt(share: number): void;
}

/** The metrics of a store; null if the broker's metrics are disabled, so that callers skip measuring. */
export function storeMetrics(broker: ServiceBroker, name: string): StoreMetrics | null {
  const metrics = registered(broker);
  if (!metrics) return null;
  const labels = { store: name };
  metrics.increment(metricNames.appended, labels, 0);
  metrics.increment(metricNames.conflicts, labels, 0);
  return {
    recordAppend(ms, events, isConflict) {
      metrics.observe(metricNames.appendTime, ms, labels);
      if (events > 0) metrics.increment(metricNames.appended, labels, events);
      if (isConflict) metrics.increment(metricNames.conflicts, labels);
    },
    pumpLag: (events) => metrics.set(metricNames.consumerLag, events, { ...labels, consumer: "pump", kind: "pump" }),
  };
}

/** The metrics of a consumer; null if the broker's metrics are disabled. */
export function consumerMetrics(
  broker: ServiceBroker,
  store: string,
  consumer: string,
  kind: Exclude<ConsumerKind, "pump">,
): ConsumerMetrics | null {
  const metrics = registered(broker);
  if (!metrics) return null;
  const labels = { store, consumer, kind };
  metrics.increment(metricNames.folded, labels, 0);
  return {
    lag: (events) => metrics.set(metricNames.consumerLag, events, labels),
    folded: (events) => metrics.increment(metricNames.folded, labels, events),
    parked: (events) => metrics.set(metricNames.parked, events, labels),
    rebuilt: (share) => metrics.set(metricNames.rebuildProgress, share, labels),
  };
}

/** Registers the metrics with the broker. Skips those that exist, because registering one again would reset it. */
function registered(broker: ServiceBroker): ServiceBroker["metrics"] | null {
  if (!broker.isMetricsEnabled()) return null;
  const { metrics } = broker;
  const isNew = ({ name }: { name: string }) => !metrics.hasMetric(name);
  for (const counter of counters.filter(isNew)) metrics.register({ type: "counter", labelNames, ...counter });
  for (const gauge of gauges.filter(isNew)) metrics.register({ type: "gauge", labelNames, ...gauge });
  const time = { name: metricNames.appendTime, description: "Duration of an append in milliseconds" };
  if (isNew(time))
    metrics.register({ type: "histogram", labelNames, unit: "millisecond", buckets: true, quantiles: true, ...time });
  return metrics;
}
