import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { newFolder } from "./broker.ts";

/** A disk in memory of this size at a folder that is there. */
export const mount = (at: string, size: string) =>
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", at], { stdio: "ignore" });
export const resize = (at: string, size: string) =>
  execFileSync("mount", ["-o", `remount,size=${size}`, at], { stdio: "ignore" });
export const unmount = (at: string) => execFileSync("umount", [at]);
/** From here on nothing can be written there. */
export const makeReadOnly = (at: string) => execFileSync("mount", ["-o", "remount,ro", at]);

/** Only root may mount; elsewhere the specs are listed as skipped. */
export const describeWhereMountable = (() => {
  const at = newFolder();
  try {
    mount(at, "64k");
    unmount(at);
    return describe;
  } catch (error) {
    // Where everything has to be there, what is missing is a failure.
    if (process.env["ENGINES"] === "all") throw error;
    return describe.skip;
  } finally {
    rmSync(at, { recursive: true });
  }
})();
