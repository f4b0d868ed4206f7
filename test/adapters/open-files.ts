import { readdirSync, readlinkSync } from "node:fs";

/** The files below the folder that this process has open, according to Linux. */
export const openFilesBelow = (folder: string): string[] =>
  readdirSync("/proc/self/fd")
    .map((descriptor) => {
      try {
        return readlinkSync(`/proc/self/fd/${descriptor}`);
      } catch {
        // The descriptor of the listing itself is closed by now.
        return "";
      }
    })
    .filter((file) => file.startsWith(folder));
