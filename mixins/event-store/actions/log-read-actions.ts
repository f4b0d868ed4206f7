import type { Context, ServiceSchema } from "moleculer";
import { ValidationError } from "../../../core/errors/errors.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";
import { categoryOf, assertValidNames } from "../../../core/event/stream-name.ts";
import { parsePatterns, typeMatcher } from "../../../core/event/type-pattern.ts";
import { pageOfStreams } from "../../../core/log/page-size.ts";
import { wholeNumber } from "../../service/whole-number.ts";
import type { StoreHost } from "../host/host.ts";
import { maxLimit } from "./find-limit.ts";

interface ReadParams {
  after?: number;
  afterVersion?: number;
  limit: number;
  types?: string | string[] | null;
  category?: string;
  stream?: string;
  backward?: boolean;
  raw?: boolean;
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
        afterVersion: count,
        limit,
        types: names,
        category: { type: "string", optional: true },
        stream: { type: "string", optional: true },
        backward: { type: "boolean", optional: true, convert: true },
        raw: { type: "boolean", optional: true, convert: true },
      },
      handler: (ctx: Context<ReadParams>) => {
        const { stream, category } = ctx.params;
        assertValidNames({ stream, category });
        const stored = read(host(), ctx.params);
        return ctx.params.raw === true ? stored : host().readable(stored);
      },
    },
    streams: {
      params: {
        $$strict: true,
        category: { type: "string", optional: true },
        after: { type: "string", optional: true },
        limit: { ...limit },
      },
      handler: async (ctx: Context<{ category?: string; after?: string; limit: number }>) => {
        const { category, after } = ctx.params;
        assertValidNames({ category, after });
        return pageOfStreams(await host().log.streams(ctx.params));
      },
    },
  };
}

async function read(host: StoreHost, params: ReadParams): Promise<RecordedEvent[]> {
  const { stream, category, limit, backward = false, after, afterVersion } = params;
  const start = (given: number | undefined) => given ?? (backward ? Number.MAX_SAFE_INTEGER : 0);
  assertValidNames({ stream, category });
  const { types } = params;
  const wanted = types !== undefined && types !== null && { wanted: typeMatcher(parsePatterns("types", types)) };
  if (stream !== undefined) {
    if (after !== undefined)
      throw new ValidationError([
        { field: "after", found: after, expected: "afterVersion, because events of a stream are counted by version" },
      ]);
    if (category !== undefined && categoryOf(stream) !== category) return [];
    return host.log.readStream(stream, { afterVersion: start(afterVersion), limit, backward, ...wanted });
  }
  if (afterVersion !== undefined)
    throw new ValidationError([{ field: "afterVersion", found: afterVersion, expected: "a stream together with it" }]);
  const page = await host.read({
    after: start(after),
    limit,
    backward,
    ...wanted,
    ...(category !== undefined && { category }),
  });
  return page.events;
}
