import type { JetStreamPublishOptions } from "nats";
import type { Added, KeyValue, KeyValueChange, KeyValues } from "../parts/commit-chain/commit-chain.ts";
import { keyName, keyOf } from "../../core/errors/storage-name.ts";
import { Semaphore } from "../../core/concurrency/semaphore.ts";
import type { Connected } from "./connection.ts";
import { isNoMessage, isOvertaken } from "./errors.ts";
import { LiveSubjects } from "./live-subjects.ts";
import { textOf } from "./message-text.ts";

type Call = <Answer>(work: (connected: Connected) => Promise<Answer>) => Promise<Answer>;

/** Messages requested at the same time. */
const requestsAtOnce = 100;

/**
 * Keys as the subjects of a stream, which keeps the last message of each. The number of a change is the message's
 * sequence. A removal is an empty message. It is never purged, because servers have lost messages of other subjects by
 * a purge.
 */
export class NatsKeyValues implements KeyValues {
  readonly name: string;
  maxBytes = 0;
  readonly #call: Call;
  readonly #subjects: LiveSubjects;
  readonly #refreshes = new Semaphore(1);

  constructor(location: string, name: string, call: Call) {
    this.name = name;
    this.#subjects = new LiveSubjects(location, name);
    this.#call = call;
  }

  /** To be called when the chain opens, because the stream may be another one. */
  forget(): void {
    this.#subjects.forget();
  }

  last(): Promise<number> {
    return this.#call(async ({ manager, ask }) => (await ask(() => manager.streams.info(this.name))).state.last_seq);
  }

  get(key: string): Promise<KeyValueChange | null> {
    return this.#get(this.#subjectOf(key));
  }

  #subjectOf(key: string): string {
    return `${this.name}.${keyName(key)}`;
  }

  #get(subject: string): Promise<KeyValueChange | null> {
    return this.#call(async ({ manager, ask }) => {
      try {
        const { data, seq } = await ask(() => manager.streams.getMessage(this.name, { last_by_subj: subject }));
        return { text: data.length === 0 ? null : textOf(data), number: seq };
      } catch (error) {
        if (isNoMessage(error)) return null;
        throw error;
      }
    });
  }

  /**
   * Publishes a message, and reads the time that the server stored with it: the server has no other way to ask for it.
   */
  serverTime(): Promise<number> {
    return this.#call(async ({ manager, stream }) => {
      const { seq } = await stream.publish(this.#subjectOf("clock"), "-", {
        expect: { streamName: this.name },
      });
      return (await manager.streams.getMessage(this.name, { seq })).time.getTime();
    });
  }

  async list({ prefix, after = "", limit }: { prefix: string; after?: string; limit: number }): Promise<KeyValue[]> {
    const live = await this.#call((connected) => this.#refreshes.run(() => this.#subjects.refresh(connected)));
    const [from, beyond] = [keyName(prefix), keyName(after)];
    const subjects = Array.from(live)
      .filter((subject) => {
        const key = subject.slice(this.name.length + 1);
        return key.startsWith(from) && key > beyond;
      })
      .toSorted();
    const entries: KeyValue[] = [];
    for (let at = 0; entries.length < limit && at < subjects.length; at += requestsAtOnce) {
      const some = subjects.slice(at, at + requestsAtOnce);
      const changes = await Promise.all(some.map((subject) => this.#get(subject)));
      for (const [index, change] of changes.entries()) {
        const text = change?.text ?? null;
        if (text !== null) entries.push({ key: keyOf(some[index]!.slice(this.name.length + 1)), text });
      }
    }
    return entries.slice(0, limit);
  }

  replace(key: string, text: string, number: number): Promise<number | null> {
    return this.#put(key, text, { lastSubjectSequence: number });
  }

  async put(key: string, text: string | null, last: number): Promise<Added> {
    return (await this.#put(key, text ?? "", { lastSequence: last })) === null ? "taken" : "added";
  }

  /**
   * The number of the change; null if another one was first. Throws if a resent request is refused: the first may be
   * stored.
   */
  #put(key: string, text: string, expected: JetStreamPublishOptions["expect"]): Promise<number | null> {
    return this.#call(({ stream, ask }) =>
      ask(async (isFirst) => {
        try {
          const options = { expect: { streamName: this.name, ...expected } };
          return (await stream.publish(this.#subjectOf(key), Buffer.from(text), options)).seq;
        } catch (error) {
          if (isFirst && isOvertaken(error)) return null;
          throw error;
        }
      }),
    );
  }
}
