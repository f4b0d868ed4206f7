// The public entry point `moleculer-event-sourcing/testing`: contracts of the ports, the crash kit and scenarios.
import "../core/errors/node-version.ts";
export { eventLogContract } from "./event-log/event-log-contract.ts";
export type { LogPlace } from "./event-log/log-fixture.ts";
export { readTableContract } from "./read-table/read-table-contract.ts";
export type { TablePlace } from "./read-table/table-fixture.ts";
export type { ContractCase } from "./kit/contract-case.ts";
export type { InProcess } from "./kit/fixture.ts";
export { CrashKit, type CrashOptions } from "./crash/crash-kit.ts";
export { memoryBroker } from "./memory-broker.ts";
export { scenario, type ScenarioOptions } from "./scenario.ts";
export type { ExpectedError } from "./scenario/expectation.ts";
export type { GivenEvent } from "./scenario/given-event.ts";
export type { ExpectedCommand, ExpectedDeadline } from "./scenario/process-manager-scenario.ts";
export type { CrashPoint } from "./crash/process-lifetime.ts";
