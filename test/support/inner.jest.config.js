import { fileURLToPath } from "node:url";
import { project } from "./jest-project.js";

/**
 * For the specs that run jest themselves: on files that the caller names, with the real times of leases and retries.
 * @type {import("jest").Config}
 */
export default {
  ...project,
  rootDir: fileURLToPath(new URL("../..", import.meta.url)),
  reporters: ["default"],
  testTimeout: 400_000,
  maxWorkers: 2,
};
