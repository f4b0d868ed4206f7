import type { Context, ServiceSchema } from "moleculer";
import { eventFormat } from "../../../core/interchange/event-format.ts";
import { parsePatterns, typeMatcher } from "../../../core/event/type-pattern.ts";
import { recordWritten } from "../../service/read-after.ts";
import { exportEvents } from "../transfer/export-events.ts";
import type { HostedStore } from "./history-actions.ts";
import { importEvents } from "../transfer/import-events.ts";
import type { StoreHost } from "../host/host.ts";
import { TransferFolder } from "../transfer/transfer-folder.ts";
import { wholeNumber } from "../../service/whole-number.ts";

export interface BackupAnswer {
  path: string;
  /** The position of the last event in the backup. */
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

interface ImportParams {
  from: string;
  format?: string;
  futureTimes: boolean;
}

/**
 * `backup`, `export` and `import`. Files are in the transfer folder of the store's node: a backup is a log that can be
 * hosted, an export has lines of JSON.
 */
export function fileActions(
  store: string,
  transferFolder: string,
  hosted: () => HostedStore,
): NonNullable<ServiceSchema["actions"]> {
  const folder = new TransferFolder(transferFolder);
  const path = { type: "string", min: 1 } as const;
  const format = { type: "any", default: "events" } as const;
  return {
    backup: {
      params: { $$strict: true, to: path },
      async handler(ctx: Context<{ to: string }>): Promise<BackupAnswer> {
        const { log, jobs } = hosted().host;
        const to = await folder.pathOf("to", ctx.params.to);
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
        after: { ...wholeNumber, default: 0, convert: true },
        types: [
          { type: "string", optional: true },
          { type: "array", items: "string", optional: true },
        ],
        category: { type: "string", optional: true },
      },
      handler(ctx: Context<ExportParams>) {
        const { after, types, category } = ctx.params;
        const { host } = hosted();
        const format = eventFormat(ctx.params.format);
        const isWanted = types === undefined ? undefined : typeMatcher(parsePatterns("types", types));
        const options = {
          after,
          ...(isWanted && { wanted: host.reader.storedMatcher(isWanted), isExported: host.reader.readsAs(isWanted) }),
          ...(category !== undefined && { category }),
        };
        // A service's name may contain letters that are invalid in a URI reference.
        const source = encodeURI(store);
        return host.jobs.run("export", async (job) => {
          // Read before the path is checked, so that later appends are not part of the export.
          const head = await host.log.head();
          const to = await folder.pathOf("to", ctx.params.to);
          return exportEvents(host.log, to, head, options, format, source, job);
        });
      },
    },
    import: {
      params: { $$strict: true, from: path, format, futureTimes: { type: "boolean", default: false, convert: true } },
      async handler(ctx: Context<ImportParams>) {
        const { host, duplicateHosts } = hosted();
        duplicateHosts.assertNone();
        const { from: path, futureTimes } = ctx.params;
        const format = eventFormat(ctx.params.format);
        const answer = await host.jobs.run("import", async (job) => {
          const file = await folder.open("from", path);
          try {
            const processManagers = await runningProcessManagers(host);
            if (processManagers.length > 0) ctx.service?.logger.warn(warningOf(store, processManagers));
            const imported = await importEvents(host, file, { path, format, futureTimes }, job);
            return { ...imported, processManagers };
          } finally {
            await file.close();
          }
        });
        recordWritten(ctx, { [store]: answer.position });
        return answer;
      },
    },
  };
}

const ofProcessManagers = "process-manager/";

const runningProcessManagers = async ({ consumers }: StoreHost) =>
  (await consumers.unpaused(ofProcessManagers)).map((consumer) => consumer.slice(ofProcessManagers.length)).toSorted();

const warningOf = (store: string, names: readonly string[]) =>
  `${store}: an import begins while process managers are not paused: ${names.join(", ")}. They handle the imported events like new ones: they send commands, and expired deadlines fire`;
