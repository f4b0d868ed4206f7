import { spawn, type ChildProcess } from "node:child_process";
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "./broker.ts";
import { find, freePort } from "./engines.ts";
import { sql, user } from "./postgres-server.ts";

/** A proxy that assigns one of a few shared connections to each transaction. */
export class Pgbouncer {
  readonly url: string;
  readonly #folder: string;
  readonly #process: ChildProcess;

  private constructor(url: string, folder: string, process: ChildProcess) {
    this.url = url;
    this.#folder = folder;
    this.#process = process;
  }

  static async start(server: string): Promise<Pgbouncer> {
    const { hostname, port: serverPort, username, password, pathname } = new URL(server);
    const folder = mkdtempSync(join(tmpdir(), "moleculer-event-sourcing-pgbouncer-"));
    const port = await freePort();
    const settings = [
      "[databases]",
      `* = host=${hostname} port=${serverPort} user=${username} password=${password}`,
      "[pgbouncer]",
      "pool_mode = transaction",
      "listen_addr = 127.0.0.1",
      `listen_port = ${port}`,
      "unix_socket_dir =",
      "auth_type = any",
      "default_pool_size = 8",
      "max_client_conn = 500",
      "server_login_retry = 1",
    ];
    const file = join(folder, "pgbouncer.ini");
    writeFileSync(file, settings.join("\n"));
    const { uid, gid } = user();
    if (uid !== undefined) for (const path of [folder, file]) chownSync(path, uid, gid!);
    chmodSync(folder, 0o700);
    const child = spawn(find("pgbouncer")!, ["-q", file], { cwd: folder, stdio: "ignore", ...user() });
    const url = `postgres://${username}@127.0.0.1:${port}${pathname}`;
    await eventually(() => sql(url, "SELECT 1"));
    return new Pgbouncer(url, folder, child);
  }

  async stop(): Promise<void> {
    const exited = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.kill("SIGKILL");
    await exited;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
