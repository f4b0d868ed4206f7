import assert from "node:assert/strict";
import type { EventLog, LogCapabilities } from "../../core/log/event-log.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import type { Cases } from "../kit/contract-case.ts";
import { Fixture, type BackupPlace, type InProcess } from "../kit/fixture.ts";

/** A place for one log: a file, a database, a stream. */
export interface LogPlace {
  /** A port on this place, not opened. Each call returns another port on the same data. */
  log(): EventLog;
  /** Removes the data. Called after every port is closed. */
  remove(): Promise<void>;
  /** Opens this place in another process. Required if the engine declares a durability. */
  inProcess?: InProcess;
  /** Required if the engine declares `backup`. */
  backup?: BackupPlace<EventLog>;
}

export type LogCases = Cases<LogFixture>;

/** The logs of one case. */
export class LogFixture extends Fixture<EventLog> {
  readonly capabilities: LogCapabilities;

  constructor(newPlace: () => Promise<LogPlace>, capabilities: LogCapabilities) {
    super(async () => {
      const place = await newPlace();
      return { ...place, port: () => place.log(), remove: () => place.remove() };
    });
    this.capabilities = capabilities;
  }

  /** A log on a new place. */
  async open(): Promise<EventLog> {
    const log = await this.port();
    await log.open();
    return log;
  }

  async reopen(log: EventLog): Promise<EventLog> {
    await log.close();
    return this.#openAnother(log);
  }

  async #openAnother(log: EventLog): Promise<EventLog> {
    const other = this.another(log);
    await other.open();
    return other;
  }

  /** Several hosts of the same log: separate ports if the engine supports them, otherwise the same port. */
  async hosts(log: EventLog, count: number): Promise<EventLog[]> {
    if (this.capabilities.hosts === "one") return Array.from({ length: count }, () => log);
    return [log, ...(await Promise.all(Array.from({ length: count - 1 }, () => this.#openAnother(log))))];
  }
}

/** The whole log, read in pages. */
export async function everything(log: EventLog): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for (let after = 0; ;) {
    const page = await log.read({ after, limit: 1000 });
    events.push(...page.events);
    if (page.end) return events;
    assert.ok(page.position > after, `no way on from position ${after}`);
    after = page.position;
  }
}
