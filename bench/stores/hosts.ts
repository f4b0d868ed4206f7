import { fork, type ChildProcess } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startEngine } from "../../test/support/engines.ts";
import { withServer, type ServerName } from "./servers.ts";

/** The options of a node. */
export interface HostTask {
  server: ServerName;
  /** The URL of the log's server. */
  url: string;
  /** The URL of the server that carries the messages between nodes. */
  carrier: string;
  namespace: string;
  nodeID: string;
  folder: string;
  isHost: boolean;
}

export interface HostOrder {
  callers: number;
  warmUpMs: number;
  ms: number;
}

export interface Appended {
  /** Acknowledged events, including the warm-up. */
  stored: number;
  /** Of the appends after the warm-up, in milliseconds. */
  latencies: number[];
  /** CPU time of the process since the warm-up, in microseconds. */
  cpuUs: number;
}

const program = fileURLToPath(new URL("host-process.ts", import.meta.url));

/** Nodes in separate processes that share one log and append to it concurrently. */
export class Hosts {
  readonly #children: ChildProcess[];

  private constructor(children: ChildProcess[]) {
    this.#children = children;
  }

  /** @param isHost whether each node hosts the store; the first one must */
  static async run<Answer>(
    server: ServerName,
    folder: string,
    isHost: readonly boolean[],
    work: (hosts: Hosts, url: string) => Promise<Answer>,
  ): Promise<Answer> {
    return withServer(server, async (url) => {
      // With a log on NATS, the nodes use the same server, as in a deployment.
      const carrier = server === "nats" ? null : await startEngine("nats-server");
      const children: ChildProcess[] = [];
      try {
        for (const [index, hosts] of isHost.entries()) {
          const nodeID = `node-${index + 1}`;
          const own = join(folder, nodeID);
          mkdirSync(own, { recursive: true });
          const task = {
            server,
            url,
            carrier: carrier?.url ?? url,
            namespace: "bench",
            nodeID,
            folder: own,
            isHost: hosts,
          };
          const child = fork(program, [JSON.stringify(task satisfies HostTask)], {
            stdio: ["ignore", "ignore", "inherit", "ipc"],
          });
          children.push(child);
          await answerOf<"ready">(child);
        }
        return await work(new Hosts(children), url);
      } finally {
        await Promise.all(children.map(ended));
        await carrier?.stop();
      }
    });
  }

  /** The callers are spread over the nodes. */
  append(callers: number, times: Omit<HostOrder, "callers">): Promise<Appended[]> {
    const nodes = this.#children.length;
    return Promise.all(
      this.#children.map((child, index) => {
        const answer = answerOf<Appended>(child);
        child.send({ ...times, callers: Math.floor((callers + index) / nodes) } satisfies HostOrder);
        return answer;
      }),
    );
  }
}

/** The next message of a process. @throws if it ends instead */
function answerOf<Answer>(child: ChildProcess): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const fail = (code: number | null) => reject(new Error(`a node ended with code ${code}`));
  child.once("exit", fail);
  child.once("message", (message) => {
    child.off("exit", fail);
    resolve(message as Answer);
  });
  return promise;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once("exit", resolve));
  if (child.connected) child.disconnect();
  await exited;
}
