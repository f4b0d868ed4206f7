import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Client } from "pg";
import type { Engine } from "./engines.ts";

/** PostgreSQL does not run as root: the user that its package creates runs it. */
export function user(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (option: string) => Number(execFileSync("id", [option, "postgres"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

export const postgres: Engine = {
  program: "postgres",
  url: (port) => `postgres://postgres:right@127.0.0.1:${port}/postgres`,
  user,
  prepare: (folder, file) => {
    const { uid, gid } = user();
    const passwords = join(folder, "password");
    writeFileSync(passwords, "right\n");
    if (uid !== undefined) for (const path of [folder, passwords]) chownSync(path, uid, gid!);
    chmodSync(folder, 0o700);
    const options = [
      "-U",
      "postgres",
      "-A",
      "scram-sha-256",
      `--pwfile=${passwords}`,
      "-E",
      "UTF8",
      "--locale=C.UTF-8",
    ];
    execFileSync(join(dirname(file), "initdb"), ["-D", join(folder, "data"), ...options, "--no-sync"], {
      cwd: folder,
      uid,
      gid,
      stdio: "pipe",
    });
  },
  args: (port, folder) => {
    const settings = [
      "listen_addresses=127.0.0.1",
      "unix_socket_directories=",
      "fsync=on",
      "max_connections=200",
      "shared_buffers=64MB",
    ];
    return ["-D", join(folder, "data"), "-p", String(port), ...settings.flatMap((setting) => ["-c", setting])];
  },
  serves: (url) => sql(url, "SELECT 1"),
  // SIGTERM waits until every client has disconnected.
  stop: "SIGINT",
};

/** Runs one statement on its own connection. */
export async function sql(url: string, text: string): Promise<unknown[]> {
  const client = new Client(url);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}
