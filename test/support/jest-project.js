/** What every project of tests has in common: they run on the sources. */
export const project = {
  testEnvironment: "node",
  testEnvironmentOptions: { customExportConditions: ["moleculer-event-sourcing:source", "node", "node-addons"] },
  extensionsToTreatAsEsm: [".ts"],
  transform: {
    "\\.ts$": ["@swc/jest", { jsc: { target: "es2024", parser: { syntax: "typescript" } }, module: { type: "es6" } }],
  },
};
