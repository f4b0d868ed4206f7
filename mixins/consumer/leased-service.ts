import { storedPatterns } from "../../core/catalogue/stored-types.ts";
import { typeMatcher } from "../../core/event/type-pattern.ts";
import type { Service, ServiceSchema } from "moleculer";
import type { Catalogue } from "../../core/catalogue/catalogue.ts";
import { consumerMetrics, type ConsumerMetrics } from "../observability/metrics.ts";
import type { OperatorLog } from "../../core/text/state-log.ts";
import { completeSchema, type ActionOverrides } from "../service/action-overrides.ts";
import type { CompanionSchema } from "../service/companion.ts";
import { announcedRelease } from "../service/releases.ts";
import { consumerActions, consumerInnerActions } from "./actions.ts";
import type { ErrorPolicy, Interruption } from "./error-policy.ts";
import { EventCaller } from "./event-caller.ts";
import { EventSource } from "./event-source.ts";
import { consumerEvents } from "./events.ts";
import { storedName } from "./former-name.ts";
import type { LeaseHold } from "./lease-hold.ts";
import { LeasedHost, type LeasedWork } from "./leased-host.ts";
import type { StartFrom } from "./start-from.ts";
import { TimeLimit } from "./time-limit.ts";

/** The definition of a consumer without a table. */
export interface LeasedConsumer {
  name: string;
  store: string;
  leaseMs: number;
  catalogue: Catalogue;
  startFrom: StartFrom;
  formerName?: string | undefined;
  policy: ErrorPolicy;
  actions: ActionOverrides;
}

/** What its work gets from the service. */
export interface WorkContext extends OperatorLog, Interruption {
  name: string;
  formerName?: string | undefined;
  startFrom: StartFrom;
  policy: ErrorPolicy;
  source: EventSource;
  caller: EventCaller;
  timeLimit: TimeLimit;
  metrics: ConsumerMetrics | null;
  lease: LeaseHold;
  /** Makes the consumer poll again. */
  wake: () => void;
}

interface Kind {
  kind: "subscription" | "process-manager";
  patterns: readonly string[];
  /** Actions besides those of every consumer. */
  moreActions?: (source: () => EventSource) => NonNullable<ServiceSchema["actions"]>;
  /** Creates the work; called at each start. */
  work: (context: WorkContext) => LeasedWork;
}

/** The service of a consumer without a table: a node works while it holds the consumer's lease. */
export function leasedService(
  { name, formerName, store, leaseMs, catalogue, startFrom, policy, actions }: LeasedConsumer,
  { kind, patterns, moreActions, work }: Kind,
): CompanionSchema {
  let host: LeasedHost;
  let source: EventSource;
  const unit = kind === "process-manager" ? "process" : "stream";
  const types = [...new Set(patterns)];
  // Nodes of the release before a renaming announce the former name of a type.
  const handles = storedPatterns(catalogue, types, typeMatcher(types));
  const schema: CompanionSchema = {
    name,
    actions: { ...consumerActions(name, () => host, unit), ...moreActions?.(() => source) },
    inner: consumerInnerActions(() => host),
    release: () => ({ ...announcedRelease(catalogue), handles, consumer: `${store}/${source.consumer}` }),
    events: consumerEvents(store, () => ({ host, source })),
    created(this: Service) {
      const { broker, logger } = this;
      const { nodeID: node } = broker;
      const consumer = `${kind}/${storedName({ name, formerName })}`;
      source = new EventSource({ broker, store, consumer, newName: `${kind}/${name}`, types, leaseMs, catalogue });
      const common = {
        name,
        formerName,
        policy,
        source,
        timeLimit: new TimeLimit(policy.timeoutMs, node),
        metrics: consumerMetrics(broker, store, name, kind === "process-manager" ? "process" : kind),
        warn: (message: string, details: object) => logger.warn(message, details),
        debug: (message: string, details: object) => logger.debug(message, details),
      };
      const caller = new EventCaller(broker);
      host = new LeasedHost({
        ...common,
        node,
        handles,
        work: (lease, interruption, wake) => work({ ...common, ...interruption, startFrom, caller, lease, wake }),
      });
    },
    started: () => host.start(),
    stopped: () => host.stop(),
  };
  completeSchema(schema, { role: kind, store }, [], actions);
  return schema;
}
