import type { Mapping } from "../../../core/rows/mapping.ts";
import type { ErrorPolicy } from "../../consumer/error-policy.ts";
import type { EventSource } from "../../consumer/event-source.ts";
import type { LeaseSource } from "../../consumer/lease-hold.ts";
import type { ConsumerMetrics } from "../../observability/metrics.ts";
import type { FoldSpans } from "../../observability/spans.ts";
import type { Transform, Transforms } from "../fold/transform.ts";
import type { StartDependencies } from "../rebuild/definition-change.ts";
import type { RebuildProgress } from "../rebuild/progress.ts";
import type { SnapshotSource } from "../rebuild/rebuilder.ts";

/** The dependencies of the work on an aggregate's table. */
export interface TableDependencies extends StartDependencies {
  node: string;
  store: string;
  snapshots: SnapshotSource;
  readAfterTimeoutMs: number;
  mappings: readonly Mapping<Transform>[];
  transforms: Transforms;
  source: Pick<
    EventSource,
    | "page"
    | "streamPage"
    | "event"
    | "eventAt"
    | "change"
    | "knowingNode"
    | "nodesOfOwner"
    | "nobodyReads"
    | keyof LeaseSource
  >;
  /** Called with the running build and its progress; null when it has ended. */
  onProgress: (job: string, progress: RebuildProgress | null) => void;
  policy: ErrorPolicy;
  metrics: ConsumerMetrics | null;
  spans: FoldSpans | null;
  /** While it has elements, `onPage` has to be called for each page, even if the log does not change. */
  unrecorded: ReadonlySet<string>;
  /** The store has responded. */
  onPage: () => void;
  /** The rows that answer queries have changed. */
  onCommit: () => void;
}
