export type { RowChange } from "./core/row-change.ts";
/**
 * What an engine of one's own is made of: the two ports, and what engines share. Whoever implements one runs the contract
 * of `moleculer-event-sourcing/testing` over it.
 */
export type { Adapter } from "./core/adapter.ts";
export type { AppendRelay, RelayAnswer, StoredAt } from "./core/append-relay.ts";
export type { AppendRequest } from "./core/append-request.ts";
export type { NewEvent } from "./core/new-event.ts";
export { ClaimsBehindError, DuplicateClaimError } from "./core/claim-errors.ts";
export {
  Claims,
  type ClaimChange,
  type ClaimFold,
  type ClaimPage,
  type ClaimScope,
  type KeptClaims,
  type ScopedClaims,
  type TwiceClaimed,
} from "./core/claims.ts";
export type {
  AppendVerdict,
  EventLog,
  KeyedState,
  Lease,
  LinkedStream,
  LogBackup,
  LogCapabilities,
  OpenOptions,
  Page,
  ReadOptions,
  ReadStreamOptions,
  StreamSummary,
  Versioned,
} from "./core/event-log.ts";
export { decideInOrder } from "./core/decide-in-order.ts";
export { eventTime } from "./core/event-time.ts";
export { conflictOf, type ExpectedVersion } from "./core/expected-version.ts";
export {
  DefinitionError,
  DuplicateRowError,
  EventIdReusedError,
  InvalidRowError,
  StoreUnavailableError,
  UnusableStoreError,
  VersionConflictError,
} from "./core/errors.ts";
export { missingFields, parseFields, type Field, type Fields, type Row } from "./core/fields.ts";
export { eventsToLink, MixedStreamError, type Linked } from "./core/links.ts";
export { keptClaim } from "./core/kept-claim.ts";
export { matches } from "./core/matches.ts";
export { maxPageBytes, pageBytesOf } from "./core/page-size.ts";
export type { Comparison, Condition, Operator, Query, Sort } from "./core/query.ts";
export type {
  Batch,
  Generation,
  Origin,
  ParkedEvent,
  ParkedStream,
  Progress,
  ReadTable,
  Rows,
  TableBackup,
  TableCapabilities,
} from "./core/read-table.ts";
export type { RecordedEvent } from "./core/recorded-event.ts";
export { repeatOf } from "./core/repeat.ts";
export { sortValueAt } from "./core/sort-value.ts";
export { categoryOf } from "./core/stream-name.ts";
export { compareText } from "./core/text-order.ts";
export { SnapshotDamagedError } from "./core/travel-errors.ts";
