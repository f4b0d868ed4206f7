/* The public API of the package. Each name is listed here. */
import "./core/errors/node-version.ts";
import { engines } from "./adapters/engines.ts";
import type { FieldsInput } from "./core/rows/fields.ts";
import type { AnyEvents, EventMap } from "./core/event/recorded-event.ts";
import { aggregateOn, type Aggregate as AggregateDefinition } from "./mixins/aggregate/aggregate.ts";
import { eventStoreOn, type EventStore as StoreDefinition } from "./mixins/event-store/event-store.ts";

export const EventStore = eventStoreOn(engines);
export type EventStore<Events extends EventMap = AnyEvents> = StoreDefinition<Events>;

export const Aggregate = aggregateOn(engines);
export type Aggregate<
  Events extends EventMap = AnyEvents,
  Fields extends FieldsInput = FieldsInput,
> = AggregateDefinition<Events, Fields>;

export { entityId } from "./core/event/stream-name.ts";
export { fromCloudEvent, toCloudEvent } from "./core/interchange/cloud-event.ts";
export { fromFluxAction, toFluxAction } from "./core/interchange/flux-action.ts";
export { Decider } from "./mixins/decider/decider.ts";
export { ProcessManager } from "./mixins/process-manager/process-manager.ts";
export { Subscription } from "./mixins/subscription/subscription.ts";

/* Declarations that TypeScript generates from a user's code refer to the types of the factories' results by these names. */
export type { CatalogueEvents } from "./core/catalogue/catalogue.ts";
export type { Mixin } from "./mixins/service/mixin.ts";
export type { Aggregate as AggregateDefinition } from "./mixins/aggregate/aggregate.ts";
export type { EventStore as EventStoreDefinition } from "./mixins/event-store/event-store.ts";

export type { Adapter } from "./core/adapter.ts";
export type { AppendInput } from "./core/log/append-request.ts";
export type { EventInput } from "./core/log/new-event.ts";
export type { EventCatalogue, EventDefinition, UnknownTypes } from "./core/catalogue/catalogue.ts";
export type { EventUpcaster, UpcastEvent, Upcaster } from "./core/catalogue/upcasters.ts";
export type { CloudEvent } from "./core/interchange/cloud-event.ts";
export type { Page as EventPage, StreamSummary } from "./core/log/event-log.ts";
export type { HistoryPage } from "./mixins/event-store/actions/history-page.ts";
export type { StreamsPage } from "./mixins/event-store/actions/log-read-actions.ts";
export type { ParkedPage } from "./mixins/consumer/parked-page.ts";
export type { ExpectedVersion } from "./core/log/expected-version.ts";
export type { FieldOptions, FieldsInput, FieldType, RowInput, RowOf } from "./core/rows/fields.ts";
export type { FluxAction } from "./core/interchange/flux-action.ts";
export type { HistoryEvent } from "./core/interchange/history-event.ts";
export type { Deadline, Duration } from "./core/process/deadline.ts";
export type { PayloadSchema } from "./core/catalogue/payload-schema.ts";
export type { ProcessView, SendOptions } from "./core/process/definition.ts";
export type { ParkedProcess } from "./core/process/stored-process.ts";
export type { ParkedEvent } from "./core/table/read-table.ts";
export type { AnyEvents, EventMap, EventMeta, RecordedEvent } from "./core/event/recorded-event.ts";
export type { Trace, TracedCommand, TracedEvent, TraceNode } from "./mixins/event-store/actions/trace.ts";
export type { AggregateOptions } from "./mixins/aggregate/options.ts";
export type { Manifest } from "./mixins/aggregate/snapshots/manifest.ts";
export type { SnapshotOptions } from "./mixins/aggregate/snapshots/options.ts";
export type { AggregateStatus } from "./mixins/aggregate/host.ts";
export type { Injection } from "./mixins/aggregate/past/injected-events.ts";
export type { PastAnswer, PastDifferences, WhatIfAnswer, WhatIfDifferences } from "./mixins/aggregate/past/past.ts";
export type { Verification } from "./mixins/aggregate/past/verification.ts";
export type { DecideError, ErrorDecision, ErrorPolicy, OnError } from "./mixins/consumer/error-policy.ts";
export type { CommandOf, CommandOptions, DeciderOptions, ClaimOptions } from "./mixins/decider/decider.ts";
export type { Decided } from "./mixins/decider/decided.ts";
export type { ClaimingEvent, ClaimValue } from "./core/decider/claim.ts";
export type { DryRunAnswer } from "./mixins/decider/dry-run.ts";
export type { StateAnswer } from "./mixins/decider/state-queries.ts";
export type { CallsOf, TypedCall } from "./mixins/calls/calls-of.ts";
export type { RowPage } from "./mixins/calls/table-calls.ts";
export type { MappedAction } from "./mixins/event-store/actions/mapped-types.ts";
export type { EventsOf } from "./mixins/event-store/events-of.ts";
export type { EventStoreOptions } from "./mixins/event-store/options.ts";
export type { MapActionOptions, MapEventOptions } from "./mixins/event-store/actions/map-action.ts";
export type { StoreStatus } from "./mixins/event-store/host/host.ts";
export type { ExportAnswer } from "./mixins/event-store/transfer/export-events.ts";
export type { BackupAnswer } from "./mixins/event-store/actions/file-actions.ts";
export type { StoredAnswer } from "./mixins/event-store/append/appends.ts";
export type { ImportAnswer } from "./mixins/event-store/transfer/import-events.ts";
export type { JobProgress } from "./mixins/event-store/host/jobs.ts";
export type { LinkAnswer } from "./mixins/event-store/actions/link-actions.ts";
export type { LogProblem, UncheckedPart } from "./mixins/event-store/verify/log-problem.ts";
export type { LogVerification } from "./mixins/event-store/verify/verify-log.ts";
export type { ProcessManagerOptions } from "./mixins/process-manager/process-manager.ts";
export type { ProcessPage, ProcessSummary } from "./mixins/process-manager/process-actions.ts";
export type { SubscriptionOptions } from "./mixins/subscription/subscription.ts";
export type { StartFrom, StartPlace } from "./mixins/consumer/start-from.ts";
export type { FailingEvent } from "./mixins/consumer/failure.ts";
export type { ConsumerStatus } from "./mixins/consumer/leased-host.ts";
export type { ReadAfterMeta, Written } from "./mixins/service/read-after.ts";
export type { HandlerView } from "./mixins/subscription/service.ts";
export type { TransformView } from "./mixins/aggregate/fold/transform.ts";
