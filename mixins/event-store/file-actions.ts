import type { Context, ServiceSchema } from "moleculer";
import { resolve } from "node:path";
import { eventFormat } from "../../core/event-format.ts";
import { parsePatterns, typeMatcher } from "../../core/type-pattern.ts";
import { noteWritten } from "../read-after.ts";
import { exportEvents } from "./export-events.ts";
import type { Hosting } from "./history-actions.ts";
import { importEvents } from "./import-events.ts";

export interface BackupAnswer {
  path: string;
  /** The position of its last event. */
  position: number;
  events: number;
  bytes: number;
  durationMs: number;
}

interface ExportParams {
  to: string;
  format?: string;
  after: number;
  types?: string | string[];
  category?: string;
}

/** The log as files of the store's node: one that can be hosted, or lines of JSON for anybody. */
export function fileActions(store: string, hosting: () => Hosting): NonNullable<ServiceSchema["actions"]> {
  const path = { type: "string", min: 1 } as const;
  const format = { type: "any", default: "events" } as const;
  return {
    backup: {
      params: { $$strict: true, to: path },
      handler(ctx: Context<{ to: string }>): Promise<BackupAnswer> {
        const { log, jobs } = hosting().host;
        const to = resolve(ctx.params.to);
        return jobs.run("backup", async (job) => {
          const since = performance.now();
          const { position, bytes } = await log.backup(to, (done, total) => job.progress(done, total));
          const durationMs = Math.round(performance.now() - since);
          return { path: to, position, events: position, bytes, durationMs };
        });
      },
    },
    export: {
      params: {
        $$strict: true,
        to: path,
        format,
        after: { type: "number", integer: true, min: 0, default: 0, convert: true },
        types: [
          { type: "string", optional: true },
          { type: "array", items: "string", optional: true },
        ],
        category: { type: "string", optional: true },
      },
      handler(ctx: Context<ExportParams>) {
        const { to, after, types, category } = ctx.params;
        const { host } = hosting();
        const format = eventFormat(ctx.params.format);
        const options = {
          after,
          ...(types !== undefined && {
            wanted: typeMatcher(parsePatterns("types", types)),
          }),
          ...(category !== undefined && { category }),
        };
        // A service's name may have letters that a URI reference may not.
        const source = encodeURI(store);
        return host.jobs.run("export", (job) => exportEvents(host.log, to, options, format, source, job));
      },
    },
    import: {
      params: { $$strict: true, from: path, format },
      async handler(ctx: Context<{ from: string; format?: string }>) {
        const { host, rivals } = hosting();
        rivals?.refuse();
        const format = eventFormat(ctx.params.format);
        const answer = await host.jobs.run("import", (job) => importEvents(host, ctx.params.from, format, job));
        noteWritten(ctx, store, answer.position);
        return answer;
      },
    },
  };
}
