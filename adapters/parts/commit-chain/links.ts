import type { Linked, LinkedStream, LogLinks } from "../../../core/log/links.ts";
import type { Appender } from "./appender.ts";

/** The links of a chained log: reads use the index; adding links is a commit. */
export class ChainedLinks implements LogLinks {
  readonly #appender: Appender;

  constructor(appender: Appender) {
    this.#appender = appender;
  }

  add(stream: string, ids: readonly string[]): Promise<Linked> {
    return this.#appender.commit(({ links }) => {
      const answer = links.add(stream, ids);
      return { answer, change: answer.linked > 0 ? { link: { stream, ids } } : null };
    });
  }

  streams(options: { after?: string; limit: number }): Promise<LinkedStream[]> {
    return this.#appender.index.readLatest(({ links }) => links.streams(options));
  }
}
