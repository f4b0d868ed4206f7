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
  testSequencer: "<rootDir>/test/support/slow-first.js",
  // Far from what any of them takes: a slow machine is no failure.
  testTimeout: 400_000,
  maxWorkers: 2,
};
