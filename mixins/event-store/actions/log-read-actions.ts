import type { Context, ServiceSchema } from "moleculer";
import { ValidationError } from "../../../core/errors/errors.ts";
import type { Page, ReadOptions, StreamSummary } from "../../../core/log/event-log.ts";
import { categoryOf, assertValidNames } from "../../../core/event/stream-name.ts";
import { parsePatterns, typeMatcher } from "../../../core/event/type-pattern.ts";
import { times } from "../../../core/concurrency/times.ts";
import { pageOfStreams } from "../../../core/log/page-size.ts";
import { wholeNumber } from "../../service/whole-number.ts";
import type { StoreHost } from "../host/host.ts";
import { maxLimit } from "./find-limit.ts";
import { historyPage, type HistoryPage } from "./history-page.ts";

/** Names of the param that says where a page begins. */
const cursors = ["after", "before", "afterVersion", "beforeVersion"] as const;

interface ReadParams extends Partial<Record<(typeof cursors)[number], number>> {
  limit: number;
  types?: string | string[] | null;
  category?: string;
  stream?: string;
  backward?: boolean;
  raw?: boolean;
}

/** `wanted`: of stored types. */
type Reading = ReadParams & Pick<ReadOptions, "wanted">;

/** Streams in the order of their names. The next page begins after the last one's name. */
export interface StreamsPage {
  streams: StreamSummary[];
  /** Whether no more streams follow. */
  end: boolean;
}

/** `read` and `streams` of a store. */
export function logReadActions(host: () => StoreHost): NonNullable<ServiceSchema["actions"]> {
  const count = { ...wholeNumber, optional: true, convert: true };
  const limit = { ...count, min: 1, max: maxLimit, default: 100 };
  const names = [
    { type: "string", optional: true },
    { type: "array", items: "string", optional: true },
  ];
  return {
    read: {
      params: {
        $$strict: true,
        after: count,
        before: count,
        afterVersion: count,
        beforeVersion: count,
        limit,
        types: names,
        category: { type: "string", optional: true },
        stream: { type: "string", optional: true },
        backward: { type: "boolean", optional: true, convert: true },
        raw: { type: "boolean", optional: true, convert: true },
      },
      async handler(ctx: Context<ReadParams>): Promise<Page | HistoryPage> {
        const { stream, category, types, raw } = ctx.params;
        assertValidNames({ stream, category });
        const isWanted = types !== undefined && types !== null ? typeMatcher(parsePatterns("types", types)) : undefined;
        const wanted = isWanted && { wanted: raw ? isWanted : host().reader.storedMatcher(isWanted) };
        const until = performance.now() + times.call.readMs;
        for (let options: Reading = { ...ctx.params, ...wanted }; ;) {
          const page = await (stream === undefined ? read(host(), options) : readStream(host(), stream, options));
          const events = raw ? page.events : await host().reader.readable(page.events, isWanted);
          // If all events of the page are dropped, the next one may have some.
          if (events.length > 0 || page.events.length === 0 || page.end || performance.now() > until)
            return { ...page, events };
          options = { ...options, [cursorName(options)]: "version" in page ? page.version : page.position };
        }
      },
    },
    streams: {
      params: {
        $$strict: true,
        category: { type: "string", optional: true },
        after: { type: "string", optional: true },
        limit: { ...limit },
      },
      async handler(ctx: Context<{ category?: string; after?: string; limit: number }>): Promise<StreamsPage> {
        const { category, after, limit } = ctx.params;
        assertValidNames({ category, after });
        // One more than wanted shows whether more follow.
        const found = await host().log.streams({ ...ctx.params, limit: limit + 1 });
        const streams = pageOfStreams(found.slice(0, limit));
        return { streams, end: streams.length === found.length };
      },
    },
  };
}

async function read(host: StoreHost, params: Reading): Promise<Page> {
  const { category, limit, backward = false, wanted } = params;
  const page = await host.read({
    after: cursorOf(params),
    limit,
    backward,
    ...(wanted && { wanted }),
    ...(category !== undefined && { category }),
  });
  // Read backward, an empty log has nothing before its beginning.
  return backward && page.position === Number.MAX_SAFE_INTEGER ? { ...page, position: 0 } : page;
}

async function readStream({ log }: StoreHost, stream: string, params: Reading): Promise<HistoryPage> {
  const { category, limit, backward = false, wanted } = params;
  const afterVersion = cursorOf(params);
  if (category !== undefined && categoryOf(stream) !== category)
    return { events: [], version: backward ? 0 : afterVersion, end: true };
  return historyPage(log, stream, { afterVersion, limit, backward, ...(wanted && { wanted }) });
}

const cursorName = ({ stream, backward = false }: ReadParams) =>
  `${backward ? "before" : "after"}${stream === undefined ? "" : "Version"}` as const;

/** Where the page begins. @throws ValidationError for the name of another direction, or of a stream's page for the log's */
function cursorOf(params: ReadParams): number {
  const { stream, backward = false } = params;
  const name = cursorName(params);
  const wrong = cursors.find((cursor) => cursor !== name && params[cursor] !== undefined);
  const expected = `${name}, because ${stream === undefined ? "the log" : "a stream"} is read ${backward ? "backward" : "forward"}`;
  if (wrong) throw new ValidationError([{ field: wrong, found: params[wrong], expected }]);
  return params[name] ?? (backward ? Number.MAX_SAFE_INTEGER : 0);
}
