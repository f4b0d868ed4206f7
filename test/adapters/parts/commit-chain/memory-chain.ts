import type {
  Added,
  KeyValue,
  KeyValueChange,
  KeyValues,
  CommitChain,
  Records,
} from "../../../../adapters/parts/commit-chain/commit-chain.ts";
import { StoreUnavailableError } from "../../../../core/errors/errors.ts";

/** The data of a server, which several hosts may share. */
export class MemoryServer {
  records: string[] = [];
  cells = new Map<string, KeyValueChange>();
  changes = 0;
}

/** Called with the number and name of a host's call, before and after the server has processed it. */
export type OnCall = (moment: "before" | "after", call: string) => void | Promise<void>;

const turn = () => new Promise<void>((done) => setImmediate(done));

/**
 * A chain in memory whose connection may be lost before the server receives a call, or before the host receives the
 * response.
 */
export class MemoryChain implements CommitChain {
  readonly engine = "memory chain";
  readonly location = "memory chain";
  readonly durability = "none" as const;
  readonly maxBytes: number;
  readonly keyValues: KeyValues;
  readonly server: MemoryServer;
  readonly #onCall: OnCall;
  #isOpen = false;

  constructor(server: MemoryServer, onCall: OnCall = () => {}, maxBytes = 10_000) {
    this.server = server;
    this.#onCall = onCall;
    this.maxBytes = maxBytes;
    this.keyValues = {
      maxBytes: 1_000_000,
      last: () => this.#call("cells.last", () => server.changes),
      get: (key) => this.#call("cells.get", () => server.cells.get(key) ?? null),
      list: ({ prefix, after = "", limit }) =>
        this.#call("cells.list", (): KeyValue[] =>
          [...server.cells]
            .flatMap(([key, { text }]): [string, string][] => (text === null ? [] : [[key, text]]))
            .filter(([key]) => key.startsWith(prefix) && compare(key, after) > 0)
            .toSorted(([one], [other]) => compare(one, other))
            .slice(0, limit)
            .map(([key, text]) => ({ key, text })),
        ),
      put: (key, text, last) =>
        this.#call("cells.put", (): Added => {
          if (server.changes !== last) return "taken";
          server.cells.set(key, { text, number: ++server.changes });
          return "added";
        }),
      replace: (key, text, expected) =>
        this.#call("cells.replace", () => {
          if ((server.cells.get(key)?.number ?? 0) !== expected) return null;
          server.cells.set(key, { text, number: ++server.changes });
          return server.changes;
        }),
    };
  }

  async open(): Promise<void> {
    this.#isOpen = true;
  }

  async close(): Promise<void> {
    this.#isOpen = false;
  }

  read(after: number, limit: number): Promise<Records> {
    return this.#call("read", () => {
      const records = this.server.records.slice(after, after + limit);
      return { records, end: after + records.length >= this.server.records.length };
    });
  }

  last(): Promise<number> {
    return this.#call("last", () => this.server.records.length);
  }

  add(number: number, record: string): Promise<Added> {
    return this.#call("add", (): Added => {
      if (Buffer.byteLength(record) > this.maxBytes) throw new Error(`a record of ${Buffer.byteLength(record)} bytes`);
      if (number !== this.server.records.length + 1) return "taken";
      this.server.records.push(record);
      return "added";
    });
  }

  async #call<Answer>(name: string, work: () => Answer): Promise<Answer> {
    if (!this.#isOpen) throw new StoreUnavailableError(this.location, "it is not open");
    await turn();
    await this.#onCall("before", name);
    const answer = work();
    await turn();
    await this.#onCall("after", name);
    return answer;
  }
}

const compare = (one: string, other: string) => Buffer.compare(Buffer.from(one), Buffer.from(other));
