/** The names of the actions of each service, for the types of the option `actions`. */
import type { ReadActionName } from "./read-params.ts";

export type ConsumerActionName = "status" | "pause" | "resume" | "parked" | "retry" | "skip";

export type ProcessActionName = ConsumerActionName | "processes";

export type TableActionName =
  | ReadActionName
  | ConsumerActionName
  | "at"
  | "whatIf"
  | "verify"
  | "rebuild"
  | "restore"
  | "replay"
  | "cancel"
  | "snapshot"
  | "snapshots";

export type StoreActionName =
  | ReadActionName
  | "append"
  | "read"
  | "streams"
  | "verify"
  | "link"
  | "trace"
  | "status"
  | "pausePump"
  | "resumePump"
  | "resumeAll"
  | "backup"
  | "export"
  | "import";
