import { randomInt } from "node:crypto";
import { fileURLToPath } from "node:url";
import { project } from "./test/support/jest-project.js";

// The hundreds of processes that tests start begin in half the time where the sources are compiled already.
process.env["NODE_COMPILE_CACHE"] ??= fileURLToPath(new URL("node_modules/.cache/node-compile", import.meta.url));
// One seed for what a run leaves to chance, so that it can be repeated; a reporter prints it.
process.env["TEST_SEED"] ??= String(randomInt(2 ** 31));

// Before each spec without a server: no test waits for a real lease to lapse, but for those of faults and engines.
const setupFiles = ["<rootDir>/test/support/short-times.ts"];

/** A folder of specs is a project, and the scripts of package.json select projects: CONTRIBUTING.md lists them. */
const ofFolder = (displayName) => ({
  ...project,
  ...(displayName === "property" && { setupFiles }),
  displayName,
  testMatch: [`<rootDir>/test/${displayName}/**/*.spec.ts`],
});
const folders = ["property", "docs", "engines", "faults", "cluster"];

/** @type {import("jest").Config} */
export default {
  projects: [
    {
      ...project,
      displayName: "units",
      setupFiles,
      testMatch: ["<rootDir>/test/**/*.spec.ts"],
      testPathIgnorePatterns: folders.map((folder) => `<rootDir>/test/${folder}/`),
    },
    ...folders.map(ofFolder),
  ],
  reporters: [
    "default",
    "<rootDir>/test/support/absent-engines.ts",
    "<rootDir>/test/support/contract-cases.ts",
    "<rootDir>/test/support/seed.ts",
  ],
  testSequencer: "<rootDir>/test/support/slow-first.js",
  // Far from what any of them takes: a slow machine is no failure.
  testTimeout: 400_000,
  maxWorkers: 2,
  // Modules of one spec stay in a worker's memory after it.
  workerIdleMemoryLimit: "1GB",
};
