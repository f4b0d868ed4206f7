import type { AppendRequest } from "../../core/log/append-request.ts";
import { BackupUnsupportedError } from "../../core/errors/backup-unsupported.ts";
import { StoreUnavailableError } from "../../core/errors/errors.ts";
import type {
  AppendVerdict,
  EventLog,
  EventType,
  LogBackup,
  LogCapabilities,
  OpenOptions,
  Page,
  ReadOptions,
  ReadStreamOptions,
  StreamRange,
  StreamSummary,
} from "../../core/log/event-log.ts";
import { guardedParts } from "../../core/log/log-parts.ts";
import type { Query } from "../../core/query/query.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import { Appender } from "./appender.ts";
import { PostgresClaims } from "./claims.ts";
import { Connections } from "./connections.ts";
import { Control } from "./control.ts";
import { columns, logMigrations, toEvent, type EventRow } from "./event-schema.ts";
import { Links } from "./links.ts";
import { Listener } from "./listener.ts";
import { LogPages } from "./log-pages.ts";
import type { Location } from "./location.ts";
import { checkServer, migrate } from "./schema.ts";
import { count, find, type Source } from "./selection.ts";
import { streams } from "./streams.ts";
import { StreamPages } from "./stream-pages.ts";
import { translate, translateOfLog } from "./errors.ts";

type OpenLog = ReturnType<typeof openLog>;

const openLog = (connections: Connections, { location, schema, name, listen }: Location, identity: string) => ({
  connections,
  schema,
  identity,
  appender: new Appender(location, connections, schema, listen === null ? null : name),
  claims: new PostgresClaims(connections, schema),
  control: new Control(connections, schema),
  links: new Links(connections, schema),
  pages: new LogPages(schema),
  streamPages: new StreamPages(schema),
  events: {
    select: `SELECT ${columns} FROM ${schema}.events WHERE true`,
    tieBreaker: "position",
    byIndexPrefix: new Set<string>(),
    decode: (row: unknown[]) => toEvent(row as EventRow),
  } satisfies Source<RecordedEvent>,
});

/** An event log in a schema of a database, hosted by any number of processes. */
export class PostgresEventLog implements EventLog {
  readonly engine = "postgres";
  readonly location: string;
  readonly capabilities: LogCapabilities;
  readonly #parts = guardedParts((call) => this.#run(call));
  readonly control = this.#parts.control;
  readonly claims = this.#parts.claims;
  readonly links = this.#parts.links;
  readonly #location: Location;
  #open: OpenLog | null = null;
  #notify: (position: number) => void = () => {};
  #listener: Listener | null = null;

  constructor(location: Location) {
    this.#location = location;
    this.location = location.location;
    this.capabilities = { durability: location.durability, hosts: "many", backup: false };
  }

  async open(options: OpenOptions = {}): Promise<void> {
    if (this.#open) return;
    const { location, server, schema, durability } = this.#location;
    let connections: Connections | undefined;
    try {
      connections = await Connections.to(location, server);
      await checkServer(location, connections, durability === "power");
      await migrate(location, connections, this.#location.name, logMigrations, options);
      const { rows } = await connections.query(`SELECT value FROM ${schema}.about WHERE key = 'identity'`);
      const open = openLog(connections, this.#location, rows[0]![0] as string);
      await this.#listen();
      this.#open = open;
    } catch (error) {
      await connections?.end();
      throw translate(location, error);
    }
  }

  watch(notify: (position: number) => void): void {
    this.#notify = notify;
  }

  async #listen(): Promise<void> {
    const { location, listen, name, server } = this.#location;
    if (listen === null) return;
    const listener = new Listener({
      location,
      url: listen,
      driver: server.driver,
      channel: name,
      notify: (position) => this.#notify(position),
    });
    await listener.open();
    this.#listener = listener;
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = null;
    this.#listener?.close();
    this.#listener = null;
    await open?.connections.end();
  }

  async #run<Answer>(work: (open: OpenLog) => Answer | Promise<Answer>): Promise<Answer> {
    if (!this.#open) throw new StoreUnavailableError(this.#location.location, "the event log is not open");
    try {
      return await work(this.#open);
    } catch (error) {
      throw translateOfLog(this.#location.location, error);
    }
  }

  identity(): Promise<string> {
    return this.#run(async ({ identity }) => identity);
  }

  append(requests: readonly AppendRequest[]): Promise<AppendVerdict[]> {
    return this.#run(({ appender }) => appender.append(requests));
  }

  head(): Promise<number> {
    return this.#run(async ({ connections, schema }) => {
      const { rows } = await connections.query(`SELECT position FROM ${schema}.head`);
      return rows[0]![0] as number;
    });
  }

  read(options: ReadOptions): Promise<Page> {
    return this.#run(({ pages, connections }) => pages.read(connections, options));
  }

  readStream(stream: string, options: ReadStreamOptions): Promise<RecordedEvent[]> {
    return this.#run(({ streamPages, connections }) => streamPages.read(connections, stream, options));
  }

  /** Ignores failures, since the server analyzes the tables by itself within minutes. */
  async refreshStatistics(): Promise<void> {
    await this.#run(({ connections, schema }) => connections.query(`ANALYZE ${schema}.events, ${schema}.links`)).catch(
      () => {},
    );
  }

  find(query: Query): Promise<RecordedEvent[]> {
    return this.#run(({ connections, events }) => find(connections, events, query));
  }

  async count(query: Query): Promise<number> {
    if (query.where === null && query.search === null) return this.head();
    return this.#run(({ connections, events }) => count(connections, events, query));
  }

  findByIds(ids: readonly string[]): Promise<RecordedEvent[]> {
    return this.#run(async ({ connections, events }) => {
      const { rows } = await connections.query(`${events.select} AND id = ANY($1)`, [ids]);
      const byId = new Map(rows.map((row) => [row[1], row]));
      return ids.flatMap((id) => (byId.has(id) ? [toEvent(byId.get(id) as EventRow)] : []));
    });
  }

  streams(range: StreamRange): Promise<StreamSummary[]> {
    return this.#run(({ connections, schema }) => streams(connections, schema, range));
  }

  types(limit: number): Promise<EventType[]> {
    return this.#run(async ({ connections, schema }) => {
      const { rows } = await connections.query(
        `SELECT type, sum(count)::bigint FROM (
           SELECT type, count FROM ${schema}.types
           UNION ALL SELECT e.type, count(*) FROM ${schema}.head h, ${schema}.events e
           WHERE e.position > h.position / 1000 * 1000 GROUP BY e.type
         ) AS counts GROUP BY type ORDER BY type LIMIT $1::bigint`,
        [limit],
      );
      return Array.from(rows as [string, number][], ([type, count]) => ({ type, count }));
    });
  }

  backup(): Promise<LogBackup> {
    return this.#run(async ({ schema }) => {
      throw new BackupUnsupportedError(
        this.#location.location,
        `found a log in PostgreSQL, expected one that this library can back up: use pg_dump --schema='${schema}', or export its events`,
      );
    });
  }
}
