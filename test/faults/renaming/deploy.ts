import { randomUUID } from "node:crypto";
import type { ConsumerStatus, RecordedEvent } from "moleculer-event-sourcing";
import type { ServiceBroker } from "moleculer";
import { eventually, startBroker } from "../../support/broker.ts";
import { eventsIn } from "../../support/pages.ts";
import { startChild } from "../child.ts";
import { nodeOptions } from "../multinode/node-options.ts";
import { consumers, type LibraryNode, type Release } from "./library.ts";

/** A node that is there. */
export interface Running {
  nodeID: string;
  release: Release;
  stop: () => Promise<void>;
}

type Stored = RecordedEvent;

/** The nodes of a library, each in a process, and a client that reads each of its own writes on each of them. */
export class Deploy {
  readonly handled = new Set<number>();
  /** Reads after a write that did not show it. */
  readonly lacking: string[] = [];
  readonly client: ServiceBroker;
  #running: Running[] = [];
  #loans = 0;
  readonly #place: Pick<LibraryNode, "transporter" | "namespace">;
  readonly #placeOf: (name: string) => Pick<LibraryNode, "log" | "table">;

  private constructor(
    place: Pick<LibraryNode, "transporter" | "namespace">,
    placeOf: (name: string) => Pick<LibraryNode, "log" | "table">,
    client: ServiceBroker,
  ) {
    this.#place = place;
    this.#placeOf = placeOf;
    this.client = client;
  }

  static async at(transporter: string, placeOf: (name: string) => Pick<LibraryNode, "log" | "table">): Promise<Deploy> {
    const namespace = randomUUID();
    const options = { heartbeatInterval: 1, heartbeatTimeout: 5, requestTimeout: 10_000 };
    const client = await startBroker([], { ...nodeOptions(transporter, namespace, "client"), ...options });
    return new Deploy({ transporter, namespace }, placeOf, client);
  }

  async start(release: Release, name: string): Promise<Running> {
    const nodeID = `${name}-${release}`;
    const place: LibraryNode = { ...this.#place, ...this.#placeOf(name), nodeID, release };
    const child = startChild("./renaming/library-process.ts", JSON.stringify(place));
    await new Promise<void>((resolve, reject) => {
      child.lines.on("line", (line) => {
        const [word, position] = line.split(" ");
        if (word === "ready") resolve();
        else if (word === "handled") this.handled.add(Number(position));
        else process.stderr.write(`${line}\n`);
      });
      void child.exited.then((how) => reject(new Error(`${nodeID} ended before it was ready, with ${how}`)));
    });
    const node: Running = {
      nodeID,
      release,
      stop: async () => {
        this.#running = this.#running.filter((one) => one !== node);
        child.end();
        await child.exited;
      },
    };
    this.#running.push(node);
    for (const service of consumers) await eventually(() => this.status(node, service));
    return node;
  }

  status({ nodeID }: Running, service: string): Promise<ConsumerStatus> {
    return this.client.call<ConsumerStatus, object>(`${service}.status`, {}, { nodeID, timeout: 3000 });
  }

  /** Calls a node until it can serve the call. */
  #call<Answer>({ nodeID }: Running, action: string, params: object, meta: object = {}): Promise<Answer> {
    const headers = { commandId: randomUUID() };
    return eventually(async () => {
      try {
        return await this.client.call<Answer, object>(action, params, { nodeID, timeout: 8000, meta, headers });
      } catch (error) {
        const { code, message } = error as { code?: number; message: string };
        if (code === undefined || code < 500) this.lacking.push(`${action} on ${nodeID}: ${message}`);
        throw error;
      }
    });
  }

  /** A loan by each node, which each node of these releases then shows. */
  async lend(...readers: Release[]): Promise<void> {
    for (const writer of this.#running) {
      const id = `${++this.#loans}`;
      const { position } = await this.#call<{ position: number }>(writer, "loan.make", { id, name: `L${id}` });
      for (const reader of this.#running.filter(({ release }) => readers.includes(release))) {
        const meta = { readAfter: { events: position } };
        const rows = await this.#call<object[]>(reader, "loans.find", { query: { name: `L${id}` } }, meta);
        if (rows.length !== 1) this.lacking.push(`${reader.nodeID} after ${position} of ${writer.nodeID}`);
      }
    }
  }

  async caughtUp(node: Running): Promise<void> {
    await eventually(async () => {
      for (const service of consumers) {
        const { lag, state, cause, failing } = await this.status(node, service);
        if (lag !== 0 && state !== "standby") throw new Error(`${service} is ${state}, ${lag} behind: ${cause}`);
        if (failing) throw new Error(`${service} fails at ${failing.position}: ${failing.error.message}`);
      }
    });
  }

  /** The log as it is stored. */
  async log(): Promise<Stored[]> {
    const events: Stored[] = [];
    for (let after = 0; ;) {
      const page = await eventually(() =>
        eventsIn(this.client.call<{ events: Stored[] }, object>("events.read", { raw: true, after, limit: 1000 })),
      );
      if (page.length === 0) return events;
      events.push(...page);
      after = page.at(-1)!.position;
    }
  }
}
