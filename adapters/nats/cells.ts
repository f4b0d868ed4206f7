import type { JetStreamClient, JetStreamManager } from "nats";
import type { Added, Cell, Cells, NumberedCell } from "../chain/commit-chain.ts";
import { keyName, keyOf } from "../../core/place-name.ts";
import { isNoMessage, isOvertaken } from "./errors.ts";
import { textOf } from "./message-text.ts";

type Call = <Answer>(
  work: (connected: { manager: JetStreamManager; stream: JetStreamClient }) => Promise<Answer>,
) => Promise<Answer>;

/** Cells as the subjects of a stream, of which each keeps its last message; the number of a change is the message's sequence. */
export class NatsCells implements Cells {
  readonly name: string;
  maxBytes = 0;
  readonly #call: Call;
  /** Empty messages of this host, which stand for nothing. The stream's last is never purged: its number must stay. */
  #emptied: { subject: string; seq: number }[] = [];

  constructor(name: string, call: Call) {
    this.name = name;
    this.#call = call;
  }

  last(): Promise<number> {
    return this.#call(async ({ manager }) => (await manager.streams.info(this.name)).state.last_seq);
  }

  async get(key: string): Promise<string | null> {
    return (await this.read(key))?.text ?? null;
  }

  read(key: string): Promise<NumberedCell | null> {
    return this.#read(`${this.name}.${keyName(key)}`);
  }

  #read(subject: string): Promise<NumberedCell | null> {
    return this.#call(async ({ manager }) => {
      try {
        const { data, seq } = await manager.streams.getMessage(this.name, { last_by_subj: subject });
        return data.length === 0 ? null : { text: textOf(data), number: seq };
      } catch (error) {
        if (isNoMessage(error)) return null;
        throw error;
      }
    });
  }

  /** The server writes its time on every message, and tells it in no other way. */
  serverTime(): Promise<number> {
    return this.#call(async ({ manager, stream }) => {
      const { seq } = await stream.publish(`${this.name}.${keyName("clock")}`, "-", {
        expect: { streamName: this.name },
      });
      return (await manager.streams.getMessage(this.name, { seq })).time.getTime();
    });
  }

  async list({ prefix, after = "", limit }: { prefix: string; after?: string; limit: number }): Promise<Cell[]> {
    const info = await this.#call(({ manager }) =>
      manager.streams.info(this.name, { subjects_filter: `${this.name}.>` }),
    );
    const [from, beyond] = [keyName(prefix), keyName(after)];
    const subjects = Object.keys(info.state.subjects ?? {})
      .filter((subject) => {
        const key = subject.slice(this.name.length + 1);
        return key.startsWith(from) && key > beyond;
      })
      .toSorted();
    const cells: Cell[] = [];
    while (cells.length < limit && subjects.length > 0) {
      const some = subjects.splice(0, Math.min(limit - cells.length, 100));
      const found = await Promise.all(some.map((subject) => this.#read(subject)));
      for (const [index, cell] of found.entries())
        if (cell) cells.push({ key: keyOf(some[index]!.slice(this.name.length + 1)), text: cell.text });
    }
    return cells;
  }

  replace(key: string, text: string, number: number): Promise<number | null> {
    return this.#call(async ({ stream }) => {
      try {
        const { seq } = await stream.publish(`${this.name}.${keyName(key)}`, Buffer.from(text), {
          expect: { streamName: this.name, lastSubjectSequence: number },
        });
        return seq;
      } catch (error) {
        if (isOvertaken(error)) return null;
        throw error;
      }
    });
  }

  put(key: string, text: string | null, last: number): Promise<Added> {
    return this.#call(async ({ stream, manager }) => {
      const subject = `${this.name}.${keyName(key)}`;
      try {
        const { seq } = await stream.publish(subject, Buffer.from(text ?? ""), {
          expect: { streamName: this.name, lastSequence: last },
        });
        const emptied = this.#emptied;
        this.#emptied = text === null ? [{ subject, seq }] : [];
        for (const { subject, seq } of emptied)
          await manager.streams.purge(this.name, { filter: subject, seq: seq + 1 }).catch(() => {
            // An empty message says the same.
          });
        return "added";
      } catch (error) {
        if (isOvertaken(error)) return "taken";
        throw error;
      }
    });
  }
}
