import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { newFolder } from "./broker.ts";

/** Mounts a disk in memory of this size at an existing folder. */
export const mount = (at: string, size: string) =>
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", at], { stdio: "ignore" });
export const resize = (at: string, size: string) =>
  execFileSync("mount", ["-o", `remount,size=${size}`, at], { stdio: "ignore" });
export const unmount = (at: string) => execFileSync("umount", [at]);
/** Makes the disk read-only. */
export const makeReadOnly = (at: string) => execFileSync("mount", ["-o", "remount,ro", at]);

/** Only root may mount; elsewhere the specs are listed as skipped. */
export const describeWhereMountable = (() => {
  const at = newFolder();
  try {
    mount(at, "64k");
    unmount(at);
    return describe;
  } catch (error) {
    // With ENGINES=all, a missing engine is a failure.
    if (process.env["ENGINES"] === "all") throw error;
    return describe.skip;
  } finally {
    rmSync(at, { recursive: true });
  }
})();
