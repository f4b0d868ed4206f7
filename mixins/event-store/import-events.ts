import type { AppendRequest } from "../../core/append-request.ts";
import { ImportError, ValidationError } from "../../core/errors.ts";
import type { EventFormat } from "../../core/event-format.ts";
import { manyEvents } from "../../core/event-log.ts";
import { toImportRequest } from "../../core/history-event.ts";
import type { StoreHost } from "./host.ts";
import type { Job } from "./jobs.ts";
import { linesOf } from "./lines.ts";

export interface ImportAnswer {
  /** Those that are new in the log. */
  events: number;
  /** Those that it had already. */
  repeated: number;
  /** The position at which the file's last event stands; 0 where the file has none. */
  position: number;
}

/** Of one commit: how long it may hold the event loop. */
const maxEvents = 500;
const maxCharacters = 1_000_000;

/** A line may be written with more blanks and escapes than what is stored of it. */
const maxLineBytes = (maxEventBytes: number) => 8 * maxEventBytes + 65_536;

/**
 * Stores the events of a file of JSON Lines, in their order: each only where its version is the stream's next one, and
 * none that is there already. Nothing of the first line that fails is stored, nor of those after it.
 * @throws ImportError that names the line; ValidationError naming `from`; StoreUnavailableError
 */
export async function importEvents(
  host: StoreHost,
  from: string,
  { read }: EventFormat,
  job: Job,
): Promise<ImportAnswer> {
  const answer: ImportAnswer = { events: 0, repeated: 0, position: 0 };
  let waiting: { line: number; request: AppendRequest }[] = [];
  let characters = 0;

  const store = async () => {
    const verdicts = await host.appends.store(waiting.map(({ request }) => request));
    for (const [index, verdict] of verdicts.entries()) {
      if ("error" in verdict) throw new ImportError(waiting[index]!.line, answer.events, verdict.error);
      answer[verdict.repeated ? "repeated" : "events"]++;
      answer.position = verdict.events.at(-1)!.position;
    }
    waiting = [];
    characters = 0;
  };

  for await (const { number, text, error, done, total } of linesOf("from", from, maxLineBytes(host.maxEventBytes))) {
    try {
      if (error) throw error;
      waiting.push({ line: number, request: toImportRequest(read(parse(text)), host.maxEventBytes) });
    } catch (error) {
      await store();
      throw new ImportError(number, answer.events, error as Error);
    }
    characters += text.length;
    if (waiting.length < maxEvents && characters < maxCharacters) continue;
    await store();
    job.progress(done, total);
    await new Promise((turn) => setImmediate(turn));
    job.check();
  }
  await store();
  if (answer.events >= manyEvents) await host.log.refreshStatistics?.();
  return answer;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new ValidationError([{ field: "line", found: text, expected: `JSON (${(error as Error).message})` }]);
  }
}
