/**
 * The API for writing an adapter: the ports of a log and a table, and functions that all engines share. Test an adapter
 * with the contract of `moleculer-event-sourcing/testing`.
 */
import "./core/errors/node-version.ts";
export type { RowChange } from "./core/rows/row-change.ts";
export type { Adapter } from "./core/adapter.ts";
export type { AppendRelay, RelayAnswer, StoredAt } from "./core/log/append-relay.ts";
export type { AppendRequest } from "./core/log/append-request.ts";
export type { NewEvent } from "./core/log/new-event.ts";
export { ClaimsBehindError, DuplicateClaimError } from "./core/log/claim-errors.ts";
export { Claims, type KeptClaims, type KeptScope } from "./core/log/claims.ts";
export type {
  ClaimChange,
  ClaimFold,
  ClaimPage,
  ClaimScope,
  FoldedClaims,
  LogClaims,
  ScopedClaims,
  ScopeName,
  TwiceClaimed,
} from "./core/log/log-claims.ts";
export { claimsPart, type ClaimsOfEngine } from "./core/log/claims-part.ts";
export type {
  CurrentLease,
  KeyedState,
  KeyRange,
  Lease,
  LeaseAnswer,
  LogControl,
  Versioned,
} from "./core/log/control.ts";
export { grantLease, isHeldBy, type LeaseRequest, type StoredLease } from "./core/log/grant-lease.ts";
export type {
  AppendVerdict,
  EventLog,
  LogBackup,
  LogCapabilities,
  OpenOptions,
  Page,
  ReadOptions,
  ReadStreamOptions,
  StreamRange,
  StreamSummary,
} from "./core/log/event-log.ts";
export { decideInOrder } from "./core/log/decide-in-order.ts";
export { eventTime } from "./core/event/event-time.ts";
export { conflictOf, type ExpectedVersion } from "./core/log/expected-version.ts";
export { BackupUnsupportedError } from "./core/errors/backup-unsupported.ts";
export {
  DefinitionError,
  DuplicateRowError,
  EventIdReusedError,
  InvalidRowError,
  StoreUnavailableError,
  UnusableStoreError,
  VersionConflictError,
} from "./core/errors/errors.ts";
export { missingFields, parseFields, type Field, type Fields, type Row } from "./core/rows/fields.ts";
export { eventsToLink, MixedStreamError, type Linked, type LinkedStream, type LogLinks } from "./core/log/links.ts";
export { guardedParts, type Guard, type LogParts, type OpenPart, type OpenParts } from "./core/log/log-parts.ts";
export { keptClaim } from "./core/log/kept-claim.ts";
export { matchesComparison as matches } from "./core/query/matches-comparison.ts";
export { maxPageBytes, pageBytesOf } from "./core/log/page-size.ts";
export type { Comparison, Condition, Operator, Query, Sort } from "./core/query/query.ts";
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
} from "./core/table/read-table.ts";
export type { RecordedEvent } from "./core/event/recorded-event.ts";
export { repeatOf } from "./core/log/repeat.ts";
export { sortValueAt } from "./core/query/sort-value.ts";
export { categoryOf } from "./core/event/stream-name.ts";
export { compareText } from "./core/text/text-order.ts";
export { SnapshotDamagedError } from "./core/errors/snapshot-errors.ts";
