import type { FileHandle } from "node:fs/promises";
import type { AppendRequest } from "../../../core/log/append-request.ts";
import { ImportFailedError, ValidationError } from "../../../core/errors/errors.ts";
import type { EventFormat } from "../../../core/interchange/event-format.ts";
import { manyEvents, type AppendVerdict } from "../../../core/log/event-log.ts";
import { toImportRequest, type HistoryEvent } from "../../../core/interchange/history-event.ts";
import { linesOf } from "../../../core/files/lines.ts";
import { asFileError } from "../../../core/files/new-file.ts";
import type { StoreHost } from "../host/host.ts";
import type { Job } from "../host/jobs.ts";

export interface Imported {
  /** The number of newly stored events. */
  events: number;
  /** The number of events that the log already had. */
  repeated: number;
  /** The position of the file's last event; 0 if the file is empty. */
  position: number;
  /** The number of new events that were stored with another time than in the file, because the log's times never decrease. */
  timesChanged: number;
}

export interface ImportAnswer extends Imported {
  /** The store's process managers that were not paused, and therefore handle the imported events like new ones. */
  processManagers: string[];
}

interface ImportOptions {
  /** The path as the caller named it, for errors. */
  path: string;
  format: EventFormat;
  /** If true, events with a future time are stored with the current time instead of being rejected. */
  futureTimes: boolean;
}

/** The limits of one commit, which bound how long it blocks the event loop. */
const maxEvents = 500;
const maxCharacters = 1_000_000;

/** The tolerated difference of other machines' clocks. */
const maxAheadMs = 60_000;

/** A line may contain more blanks and escapes than the stored event. */
const maxLineBytes = (maxEventBytes: number) => 8 * maxEventBytes + 65_536;

/**
 * Stores the events of a file of JSON Lines in their order. An event must have the next version of its stream; an event
 * that the log already has is not stored again. The import stops at the first line that fails.
 * @throws ImportFailedError with the line's number, but none of its values; ValidationError for `from`; StoreUnavailableError
 */
export async function importEvents(
  host: StoreHost,
  file: FileHandle,
  { path, format, futureTimes }: ImportOptions,
  job: Job,
): Promise<Imported> {
  const importer = new Importer(host);
  const read = (text: string) => {
    try {
      const event = format.read(parse(text));
      if (!futureTimes) assertPast(event);
      return toImportRequest(event, host.maxEventBytes);
    } catch (error) {
      // The caller may not be allowed to read the file, so the error must not quote it.
      throw error instanceof ValidationError ? error.withoutValues() : error;
    }
  };
  const options = { maxBytes: maxLineBytes(host.maxEventBytes), onChunk: () => job.check() };
  for await (const { number, text, error, done, total } of withFileErrors(path, linesOf(file, options))) {
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

/** Translates the system's errors into ValidationErrors for `from`. */
async function* withFileErrors<Item>(path: string, items: AsyncGenerator<Item>): AsyncGenerator<Item> {
  try {
    yield* items;
  } catch (error) {
    throw asFileError("from", path, "a regular file that can be read", error);
  }
}

/** Collects events and stores many of them in one commit. */
class Importer {
  readonly answer: Imported = { events: 0, repeated: 0, position: 0, timesChanged: 0 };
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

  failed(line: number, error: Error): ImportFailedError {
    return new ImportFailedError(line, this.answer.events, error);
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
        "a time that is not in the future. With `futureTimes: true` such an event is stored with the current time, and so are all events after it",
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
