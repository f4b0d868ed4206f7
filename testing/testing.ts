export { eventLogContract } from "./event-log/event-log-contract.ts";
export type { LogPlace } from "./event-log/log-stand.ts";
export { readTableContract } from "./read-table/read-table-contract.ts";
export type { TablePlace } from "./read-table/table-stand.ts";
export type { ContractCase } from "./contract-case.ts";
export type { InProcess } from "./stand.ts";
export { CrashKit, type CrashOptions } from "./crash/crash-kit.ts";
export { memoryBroker } from "./memory-broker.ts";
export type { CrashPoint } from "./crash/life.ts";
