import { spawn, type ChildProcess } from "node:child_process";
import { randomInt } from "node:crypto";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "./broker.ts";
import { mongodb } from "./mongodb-server.ts";
import { natsServers, type NatsServer } from "./nats-server.ts";
import { postgres } from "./postgres-server.ts";

type EngineName = NatsServer | "postgres" | "mongodb";

/** A server that is not part of this package. Another engine needs another entry here. */
export interface Engine {
  /** The program's name; it is searched for in the folders of the system and of distributions' packages. */
  program: string;
  args: (port: number, folder: string) => string[];
  url: (port: number) => string;
  /** Prepares the folder before the first start; `file` is the program. */
  prepare?: (folder: string, file: string) => void;
  /** Builds the program to run, if `program` only builds it; returns its path. */
  build?: (file: string) => Promise<string>;
  /** The user that runs it if the tests run as root and it refuses root. */
  user?: () => { uid?: number; gid?: number };
  /** Rejects while the server accepts connections but cannot serve them yet. */
  serves?: (url: string) => Promise<unknown>;
  /** The signal for an immediate, orderly end with open connections. Default: SIGTERM. */
  stop?: NodeJS.Signals;
}

const engines: Record<EngineName, Engine> = {
  ...natsServers,
  postgres,
  mongodb,
};

const places = [...(process.env["PATH"] ?? "").split(":"), "/usr/local/bin", "/usr/sbin", "/usr/lib/postgresql/*/bin"];

/** The program's path; undefined if it is not installed. */
export const find = (program: string): string | undefined =>
  places.flatMap((place) => globSync(join(place, program))).at(0);

/** A server of an engine, on a port of this machine with its own folder. */
export class EngineServer {
  readonly url: string;
  readonly #engine: Engine;
  readonly #file: string;
  readonly #port: number;
  readonly #folder: string;
  #process: ChildProcess | null = null;

  private constructor(engine: Engine, file: string, port: number) {
    this.#engine = engine;
    this.#file = file;
    this.#port = port;
    this.#folder = mkdtempSync(join(tmpdir(), "moleculer-event-sourcing-engine-"));
    this.url = engine.url(port);
  }

  static async start(engine: Engine, file: string): Promise<EngineServer> {
    const program = (await engine.build?.(file)) ?? file;
    const server = new EngineServer(engine, program, await freePort());
    engine.prepare?.(server.#folder, program);
    await server.start();
    return server;
  }

  /** Resolves when it accepts connections; after a `kill`, on the same port and folder. */
  async start(): Promise<void> {
    await eventually(async () => {
      // Starts a server that has ended again: child processes may be left for a moment, or its port may be in use.
      if (this.#process === null || this.#process.exitCode !== null) this.#process = this.#spawn();
      await accepts(this.#port);
      if (this.#process.exitCode !== null) throw new Error(`${this.#file} ended with code ${this.#process.exitCode}`);
      await this.#engine.serves?.(this.url);
    });
  }

  #spawn(): ChildProcess {
    const args = this.#engine.args(this.#port, this.#folder);
    return spawn(this.#file, args, { stdio: "ignore", cwd: this.#folder, ...this.#engine.user?.() });
  }

  get isRunning(): boolean {
    return this.#process !== null && this.#process.exitCode === null;
  }

  /** Ends it like a power cut. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const running = this.#process;
    if (!running || running.exitCode !== null) return void (this.#process = null);
    // The server's child processes for its clients would otherwise serve them for a moment longer.
    const others = signal === "SIGKILL" ? this.#processes().slice(1) : [];
    this.#process = null;
    const exited = new Promise((resolve) => running.once("exit", resolve));
    running.kill(signal);
    for (const pid of others) ifThere(() => process.kill(pid, signal));
    await exited;
  }

  /** Stops responding, with open connections; after `thaw` it continues with pending work. */
  freeze(): void {
    this.#signal("SIGSTOP");
    // A thread on another core receives the signal a moment later, and would respond until then.
    while (!this.#processes().every(isFrozen));
  }

  thaw(): void {
    this.#signal("SIGCONT");
  }

  #signal(signal: NodeJS.Signals): void {
    for (const pid of this.#processes()) ifThere(() => process.kill(pid, signal));
  }

  /** The server's process, and its children for clients. */
  #processes(): number[] {
    const pid = this.#process!.pid!;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
    return [pid, ...(children === "" ? [] : children.split(" ").map(Number))];
  }

  async stop(): Promise<void> {
    // A server that a failed test has left frozen would never receive the signal.
    if (this.#process?.exitCode === null && this.#process.signalCode === null) this.thaw();
    await this.kill(this.#engine.stop ?? "SIGTERM");
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Checks every thread. The state follows the name in brackets (man 5 proc). */
const isFrozen = (pid: number): boolean =>
  globSync(`/proc/${pid}/task/*/stat`).every((file) =>
    ifThere(() => /\) [TZX] [^)]*$/.test(readFileSync(file, "utf8"))),
  );

/** True if the process has ended meanwhile: a server's processes for clients come and go. */
function ifThere(work: () => boolean): boolean {
  try {
    return work();
  } catch (error) {
    if (!["ESRCH", "ENOENT"].includes(String((error as { code?: unknown }).code))) throw error;
    return true;
  }
}

/**
 * A port without a listener below the range of connections' own ends, which starts at 32768 (Linux; IANA: 49152).
 * Otherwise a restarted server might find one of its own clients on its port.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer();
    const port = randomInt(10_000, 32_768);
    const isFree = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

async function accepts(port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve();
    });
    socket.once("error", reject);
  });
}

/** A server that the caller stops. @throws if the engine is not installed */
export async function startEngine(name: EngineName): Promise<EngineServer> {
  const file = find(engines[name].program);
  if (file === undefined) throw new Error(`${name} needs ${engines[name].program}, which is not here`);
  return EngineServer.start(engines[name], file);
}

/** A program is built once, with all its dependencies. */
const buildTimeoutMs = 600_000;

/**
 * A `describe` with a running engine. If the engine, or another `program`, is not installed, its specs are skipped and
 * listed in the summary at the end; with `ENGINES=all` an absent engine is a failure.
 */
export function describeWith(
  engine: keyof typeof engines,
  title: string,
  specs: (server: () => EngineServer) => void,
  program?: string,
) {
  const file = find(engines[engine].program);
  let running: EngineServer | undefined;
  const server = () => running!;
  const absent = file === undefined ? engine : program !== undefined && !find(program) ? program : null;
  if (absent !== null && process.env["ENGINES"] !== "all") {
    describe.skip(`${title} [${absent} is not here]`, () => specs(server));
    return;
  }
  describe(title, () => {
    beforeAll(async () => {
      if (absent !== null) throw new Error(`${absent} is not here, and ENGINES=all asks for every engine`);
      running = await EngineServer.start(engines[engine], file!);
    }, buildTimeoutMs);
    afterAll(() => running?.stop());
    specs(server);
  });
}
