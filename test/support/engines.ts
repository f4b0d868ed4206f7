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

/** A server that is not part of this package. One more engine is one more entry here. */
export interface Engine {
  /** The program; looked for where the system and the distributions' packages keep theirs. */
  program: string;
  args: (port: number, folder: string) => string[];
  url: (port: number) => string;
  /** What the folder needs before the first start; `file` is the program. */
  prepare?: (folder: string, file: string) => void;
  /** Makes the program that is run, where `program` is only what makes it; answers its path. */
  build?: (file: string) => Promise<string>;
  /** Who runs it where we are root and it refuses to be. */
  user?: () => { uid?: number; gid?: number };
  /** Fails while it accepts connections and does not serve them yet. */
  serves?: (url: string) => Promise<unknown>;
  /** How it ends at once and in order, also while somebody is connected. Default: SIGTERM. */
  stop?: NodeJS.Signals;
}

const engines: Record<EngineName, Engine> = {
  ...natsServers,
  postgres,
  mongodb,
};

const places = [...(process.env["PATH"] ?? "").split(":"), "/usr/local/bin", "/usr/sbin", "/usr/lib/postgresql/*/bin"];

/** Where the program stands; undefined where it is not installed. */
export const find = (program: string): string | undefined =>
  places.flatMap((place) => globSync(join(place, program))).at(0);

/** One engine running on a port of this machine with a folder of its own. */
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

  /** Answers when it accepts connections; after a `kill` on the same port and folder. */
  async start(): Promise<void> {
    await eventually(async () => {
      // One that has ended is started again: others of it may be left for a moment, or somebody may have had its port.
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

  /** Ends it as a power cut would. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const running = this.#process;
    if (!running || running.exitCode !== null) return void (this.#process = null);
    // Those that it has made for its clients would otherwise serve them for a moment longer.
    const others = signal === "SIGKILL" ? this.#processes().slice(1) : [];
    this.#process = null;
    const exited = new Promise((resolve) => running.once("exit", resolve));
    running.kill(signal);
    for (const pid of others) ifThere(() => process.kill(pid, signal));
    await exited;
  }

  /** From here on it answers nobody, while its connections stay; what it was about to do it does when it is thawed. */
  freeze(): void {
    this.#signal("SIGSTOP");
    // A thread that runs on another core hears of the signal a moment later, and would answer until then.
    while (!this.#processes().every(isFrozen));
  }

  thaw(): void {
    this.#signal("SIGCONT");
  }

  #signal(signal: NodeJS.Signals): void {
    for (const pid of this.#processes()) ifThere(() => process.kill(pid, signal));
  }

  /** The server's, and those that it has made for its clients. */
  #processes(): number[] {
    const pid = this.#process!.pid!;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
    return [pid, ...(children === "" ? [] : children.split(" ").map(Number))];
  }

  async stop(): Promise<void> {
    // One that a failed test has left frozen would never hear of it.
    if (this.#process?.exitCode === null && this.#process.signalCode === null) this.thaw();
    await this.kill(this.#engine.stop ?? "SIGTERM");
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Every thread of it. The state stands behind the name, which stands in brackets (man 5 proc). */
const isFrozen = (pid: number): boolean =>
  globSync(`/proc/${pid}/task/*/stat`).every((file) =>
    ifThere(() => /\) [TZX] [^)]*$/.test(readFileSync(file, "utf8"))),
  );

/** True where its process has ended meanwhile: those for a server's clients come and go. */
function ifThere(work: () => boolean): boolean {
  try {
    return work();
  } catch (error) {
    if (!["ESRCH", "ENOENT"].includes(String((error as { code?: unknown }).code))) throw error;
    return true;
  }
}

/**
 * A port that nobody listens on, and that no connection gets for its own end either: those begin at 32768 (Linux; IANA:
 * 49152). Else a server that is restarted might find one of its own clients in its place.
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

/** One that the caller stops. @throws where it is not installed */
export async function startEngine(name: EngineName): Promise<EngineServer> {
  const file = find(engines[name].program);
  if (file === undefined) throw new Error(`${name} needs ${engines[name].program}, which is not here`);
  return EngineServer.start(engines[name], file);
}

/** A program that is built is built once, with everything that it consists of. */
const buildTimeoutMs = 600_000;

/**
 * A `describe` that needs an engine: it runs from the first to the last of its specs. Where it is not installed, or
 * another `program` that they need, the specs are skipped under its name, for the summary at the end; with `ENGINES=all`
 * an absent engine is a failure.
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
