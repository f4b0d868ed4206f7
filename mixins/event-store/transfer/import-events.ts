import type { FileHandle } from "node:fs/promises";
import type { AppendRequest } from "../../../core/log/append-request.ts";
import { ImportError, ValidationError } from "../../../core/errors/errors.ts";
import type { EventFormat } from "../../../core/interchange/event-format.ts";
import { manyEvents, type AppendVerdict } from "../../../core/log/event-log.ts";
import { toImportRequest, type HistoryEvent } from "../../../core/interchange/history-event.ts";
import { linesOf } from "../../../core/files/lines.ts";
import { asFileError } from "../../../core/files/new-file.ts";
import type { StoreHost } from "../host/host.ts";
import type { Job } from "../host/jobs.ts";

export interface ImportAnswer {
  /** Those that are new in the log. */
  events: number;
  /** Those that it had already. */
  repeated: number;
  /** The position at which the file's last event stands; 0 where the file has none. */
  position: number;
  /** Of the new events: how many are stored with another time than the file's, because the log's times never go back. */
  timesChanged: number;
  /** The store's process managers that were not paused: they handle the imported events as if they had just happened. */
  processManagers?: string[];
}

interface ImportOptions {
  /** For errors: what the caller named. */
  path: string;
  format: EventFormat;
  /** Whether events of the future are stored, as of now. */
  futureTimes: boolean;
}

/** Of one commit: how long it may hold the event loop. */
const maxEvents = 500;
const maxCharacters = 1_000_000;

/** Clocks of other machines may be ahead by so much. */
const maxAheadMs = 60_000;

/** A line may be written with more blanks and escapes than what is stored of it. */
const maxLineBytes = (maxEventBytes: number) => 8 * maxEventBytes + 65_536;

/**
 * Stores the events of a file of JSON Lines, in their order: each only where its version is the stream's next one, and
 * none that is there already. Nothing of the first line that fails is stored, nor of those after it.
 * @throws ImportError that names the line, and no value in it; ValidationError naming `from`; StoreUnavailableError
 */
export async function importEvents(
  host: StoreHost,
  file: FileHandle,
  { path, format, futureTimes }: ImportOptions,
  job: Job,
): Promise<ImportAnswer> {
  const importer = new Importer(host);
  const read = (text: string) => {
    try {
      const event = format.read(parse(text));
      if (!futureTimes) assertPast(event);
      return toImportRequest(event, host.maxEventBytes);
    } catch (error) {
      // The file may be one that the caller cannot read itself.
      throw error instanceof ValidationError ? error.withoutValues() : error;
    }
  };
  const options = { maxBytes: maxLineBytes(host.maxEventBytes), onChunk: () => job.check() };
  for await (const { number, text, error, done, total } of inOurWords(path, linesOf(file, options))) {
    try {
      if (error) throw error;
      importer.add(number, read(text), text.length);
    } catch (error) {
      await importer.store();
      throw importer.failed(number, error as Error);
    }
    if (!importer.isFull) continue;
    await importer.store();
    job.progress(done, total);
    await new Promise((turn) => setImmediate(turn));
    job.check();
  }
  await importer.store();
  if (importer.answer.events >= manyEvents) await host.log.refreshStatistics?.();
  return importer.answer;
}

async function* inOurWords<Item>(path: string, items: AsyncGenerator<Item>): AsyncGenerator<Item> {
  try {
    yield* items;
  } catch (error) {
    throw asFileError("from", path, "a regular file that can be read", error);
  }
}

/** What is read of a file, until it is stored in a commit of many lines. */
class Importer {
  readonly answer: ImportAnswer = { events: 0, repeated: 0, position: 0, timesChanged: 0 };
  readonly #host: StoreHost;
  #waiting: { line: number; request: AppendRequest }[] = [];
  #characters = 0;

  constructor(host: StoreHost) {
    this.#host = host;
  }

  add(line: number, request: AppendRequest, characters: number): void {
    this.#waiting.push({ line, request });
    this.#characters += characters;
  }

  get isFull(): boolean {
    return this.#waiting.length >= maxEvents || this.#characters >= maxCharacters;
  }

  async store(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#characters = 0;
    const verdicts = await this.#host.appends.store(waiting.map(({ request }) => request));
    for (const [index, verdict] of verdicts.entries()) {
      const { line, request } = waiting[index]!;
      if ("error" in verdict) throw this.failed(line, verdict.error);
      this.#count(verdict, request);
    }
  }

  #count({ events, repeated }: Extract<AppendVerdict, { events: unknown }>, request: AppendRequest): void {
    const stored = events.at(-1)!;
    const wanted = request.events.at(-1)!.time;
    this.answer[repeated ? "repeated" : "events"]++;
    this.answer.position = stored.position;
    if (!repeated && wanted !== undefined && stored.time !== wanted) this.answer.timesChanged++;
  }

  failed(line: number, error: Error): ImportError {
    return new ImportError(line, this.answer.events, error);
  }
}

/** @throws ValidationError */
function assertPast({ time }: HistoryEvent): void {
  if (time === undefined || Date.parse(time) <= Date.now() + maxAheadMs) return;
  throw new ValidationError([
    {
      field: "time",
      found: time,
      expected:
        "a time that is not in the future: it would be stored as of now, and so would all events after it. With futureTimes: true it is",
    },
  ]);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new ValidationError([{ field: "line", found: text, expected: "JSON" }]);
  }
}
