import { execFileSync } from "node:child_process";
import { readFileSync, statfsSync } from "node:fs";
import { cpus, release, totalmem, type } from "node:os";
import Database from "better-sqlite3";

const fileSystems: Record<number, string> = {
  0xef53: "ext4",
  0x58465342: "xfs",
  0x9123683e: "btrfs",
  0x01021994: "tmpfs",
};

/** The hardware and software of the measurement, by name. */
export function describeMachine(folder: string): Record<string, string> {
  const { type: fileSystem } = statfsSync(folder);
  return {
    date: new Date().toISOString(),
    machine: `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, ${Math.round(totalmem() / 2 ** 30)} GB, ${type()} ${release()}`,
    disk: fileSystems[fileSystem] ?? `file system 0x${fileSystem.toString(16)}`,
    node: process.version,
    SQLite: new Database(":memory:").prepare("SELECT sqlite_version()").pluck().get() as string,
    commit: commit(),
    ...Object.fromEntries(
      ["..", "../node_modules/better-sqlite3", "../node_modules/moleculer", "../node_modules/moleculer-db"]
        .concat(["node_modules/@event-driven-io/emmett-sqlite", "node_modules/sqlite3"])
        .map(versionOf),
    ),
  };
}

function versionOf(path: string): [name: string, version: string] {
  try {
    const { name, version } = JSON.parse(
      readFileSync(new URL(`${path}/package.json`, import.meta.url), "utf8"),
    ) as Record<"name" | "version", string>;
    return [name, version];
  } catch {
    return [path.replace("node_modules/", ""), "not installed: npm ci --prefix bench"];
  }
}

function commit(): string {
  try {
    return execFileSync("git", ["describe", "--always", "--dirty"], { encoding: "utf8" }).trim();
  } catch {
    return "unknown";
  }
}
