import type { ServiceBroker } from "moleculer";

/** Each metric's name in Moleculer's registry. */
export const metricNames = {
  appended: "moleculer.eventsourcing.appended.total",
  appendTime: "moleculer.eventsourcing.append.time",
  conflicts: "moleculer.eventsourcing.conflicts.total",
  pumpLag: "moleculer.eventsourcing.pump.lag",
  aggregateLag: "moleculer.eventsourcing.aggregate.lag",
  folded: "moleculer.eventsourcing.folded.total",
  parked: "moleculer.eventsourcing.parked",
  rebuildProgress: "moleculer.eventsourcing.rebuild.progress",
} as const;

const counters = [
  { name: metricNames.appended, description: "Events appended" },
  { name: metricNames.conflicts, description: "Appends refused because of the version that they expected" },
  {
    name: metricNames.folded,
    description: "Events folded and committed, or handled by a subscription or process manager",
  },
];

const gauges = [
  { name: metricNames.pumpLag, description: "Events that the pump has still to hand over; NaN while unknown" },
  { name: metricNames.aggregateLag, description: "Events that the consumer has still to pass; NaN while unknown" },
  { name: metricNames.parked, description: "Events set aside, those that wait behind one included" },
  { name: metricNames.rebuildProgress, description: "How much of a new table is folded: 0 to 1, and 1 while none is" },
];

/** A metric without an aggregate leaves that label out. */
const labelNames = ["store", "aggregate"];

/** What a store counts and measures. */
export interface StoreMetrics {
  /** An append was answered: stored, refused or failed. `events`: those that are new in the log. */
  answered(ms: number, events: number, isConflict: boolean): void;
  /** Not a number while it is unknown. */
  pumpLag(events: number): void;
}

/** What a consumer counts. */
export interface ConsumerMetrics {
  /** Not a number while it is unknown. */
  lag(events: number): void;
  folded(events: number): void;
  parked(events: number): void;
  rebuilt(share: number): void;
}

/** The metrics of a store, or null where the broker keeps none: whoever has null does not even measure. */
export function storeMetrics(broker: ServiceBroker, name: string): StoreMetrics | null {
  const metrics = registered(broker);
  if (!metrics) return null;
  const labels = { store: name };
  metrics.increment(metricNames.appended, labels, 0);
  metrics.increment(metricNames.conflicts, labels, 0);
  return {
    answered(ms, events, isConflict) {
      metrics.observe(metricNames.appendTime, ms, labels);
      if (events > 0) metrics.increment(metricNames.appended, labels, events);
      if (isConflict) metrics.increment(metricNames.conflicts, labels);
    },
    pumpLag: (events) => metrics.set(metricNames.pumpLag, events, labels),
  };
}

/** The metrics of a consumer, or null where the broker keeps none. `name`: the aggregate's, the subscription's. */
export function consumerMetrics(broker: ServiceBroker, storeName: string, name: string): ConsumerMetrics | null {
  const metrics = registered(broker);
  if (!metrics) return null;
  const labels = { store: storeName, aggregate: name };
  metrics.increment(metricNames.folded, labels, 0);
  return {
    lag: (events) => metrics.set(metricNames.aggregateLag, events, labels),
    folded: (events) => metrics.increment(metricNames.folded, labels, events),
    parked: (events) => metrics.set(metricNames.parked, events, labels),
    rebuilt: (share) => metrics.set(metricNames.rebuildProgress, share, labels),
  };
}

/** The broker's registry with our metrics in it. Asked for each first: registering one again would reset it. */
function registered(broker: ServiceBroker): ServiceBroker["metrics"] | null {
  if (!broker.isMetricsEnabled()) return null;
  const { metrics } = broker;
  const isNew = ({ name }: { name: string }) => !metrics.hasMetric(name);
  for (const counter of counters.filter(isNew)) metrics.register({ type: "counter", labelNames, ...counter });
  for (const gauge of gauges.filter(isNew)) metrics.register({ type: "gauge", labelNames, ...gauge });
  const time = { name: metricNames.appendTime, description: "Milliseconds from the call of an append to its answer" };
  if (isNew(time))
    metrics.register({ type: "histogram", labelNames, unit: "millisecond", buckets: true, quantiles: true, ...time });
  return metrics;
}
