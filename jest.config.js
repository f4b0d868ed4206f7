import { fileURLToPath } from "node:url";

// The hundreds of processes that tests start begin in half the time where the sources are compiled already.
process.env["NODE_COMPILE_CACHE"] ??= fileURLToPath(new URL("node_modules/.cache/node-compile", import.meta.url));

/** @type {import("jest").Config} */
export default {
  testEnvironment: "node",
  testEnvironmentOptions: { customExportConditions: ["moleculer-event-sourcing:source", "node", "node-addons"] },
  testMatch: ["<rootDir>/test/**/*.spec.ts"],
  extensionsToTreatAsEsm: [".ts"],
  transform: {
    "\\.ts$": ["@swc/jest", { jsc: { target: "es2024", parser: { syntax: "typescript" } }, module: { type: "es6" } }],
  },
  reporters: ["default", "<rootDir>/test/support/absent-engines.ts", "<rootDir>/test/support/contract-cases.ts"],
  // Not by <rootDir>: the documents' tests are run with this configuration and a root of their own.
  testSequencer: fileURLToPath(new URL("test/support/slow-first.js", import.meta.url)),
  // Far from what any of them takes: a slow machine is no failure.
  testTimeout: 400_000,
  maxWorkers: 2,
  // Modules of one spec stay in a worker's memory after it.
  workerIdleMemoryLimit: "1GB",
};
