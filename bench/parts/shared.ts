import { setTimeout as wait } from "node:timers/promises";
import type { Case, Part, Stage } from "../part.ts";
import type { TableKind } from "../shared-services.ts";
import { median, percentile } from "../statistics.ts";
import { SharedCluster } from "../stores/shared-cluster.ts";

const sampleMs = 250;

/** Takes samples until `isOver`; an error is a sample, too. */
async function sampled<Sample>(take: () => Promise<Sample>, isOver: () => boolean): Promise<(Sample | Error)[]> {
  const samples: (Sample | Error)[] = [];
  while (!isOver()) {
    samples.push(await take().catch((error: unknown) => error as Error));
    await wait(sampleMs);
  }
  return samples;
}

const worked = <Sample>(samples: readonly (Sample | Error)[]) =>
  samples.filter((sample): sample is Sample => !(sample instanceof Error));

/** The live fold's rate while 16 callers append continuously; a table that keeps up is as fast as they are. */
async function liveAlone(cluster: SharedCluster, ms: number): Promise<number> {
  let isOver = false;
  const appending = cluster.append(Infinity, 16, Infinity, () => isOver);
  await wait(ms / 4);
  const from = (await cluster.status("first")).position;
  const since = performance.now();
  await wait(ms);
  const { position } = await cluster.status("first");
  const rate = ((position - from) * 1000) / (performance.now() - since);
  isOver = true;
  await appending;
  await cluster.folded("first", cluster.appended);
  return rate;
}

async function rebuildAlone(cluster: SharedCluster): Promise<number> {
  const since = performance.now();
  await cluster.ask("second", "rebuild");
  return (cluster.appended * 1000) / (performance.now() - since);
}

interface Load {
  /** The prefix of the figures' names. */
  name: string;
  /** Events per second; infinite: the callers append continuously. */
  perSecond: number;
  mostMs: number;
}

/** A rebuild during appends, for at most `mostMs`. */
async function beside(cluster: SharedCluster, { name, perSecond, mostMs }: Load): Promise<Record<string, number>> {
  let isOver = false;
  const appending = cluster.append(Infinity, 16, perSecond, () => isOver);
  await wait(2000);
  const began = cluster.appended;
  const since = performance.now();
  await cluster.ask("second", "rebuild", { wait: false });
  const samples = worked(
    await sampled(
      async () => ({
        ms: performance.now() - since,
        first: await cluster.status("first"),
        second: await cluster.status("second"),
      }),
      () => isOver || (isOver = performance.now() - since > mostMs),
    ).finally(() => (isOver = true)),
  );
  const appended = cluster.appended - began;
  await appending;
  const building = samples.flatMap(({ ms, first }) => (first.rebuilding ? [{ ms, done: first.rebuilding.done }] : []));
  // `rebuilding` is null once the rebuild has folded the whole log.
  const ended = samples.find(({ ms, first }) => !first.rebuilding && ms > (building.at(-1)?.ms ?? Infinity));
  const [done, ms] = ended ? [began, ended.ms] : [building.at(-1)?.done ?? 0, building.at(-1)?.ms ?? 1];
  const lags = samples.map(({ first }) => first.lag ?? NaN);
  const told = samples.filter(({ first, second }) => first.rebuilding && second.rebuilding).length;
  const [from, to] = [samples[0]!, samples.at(-1)!];
  if (!ended) await cluster.ask("second", "cancel");
  await cluster.folded("first", cluster.appended);
  return {
    [`${name}: rebuild`]: (done * 1000) / ms,
    [`${name}: appended`]: (appended * 1000) / to.ms,
    [`${name}: live fold`]: ((to.first.position - from.first.position) * 1000) / (to.ms - from.ms),
    [`${name}: lag`]: median(lags),
    [`${name}: most lag`]: percentile(lags, 1),
    [`${name}: told by standby`]: (100 * told) / Math.max(building.length, 1),
  };
}

/** A rolling deployment of a changed definition, while events arrive at a quarter of the live fold's rate. */
async function changed(cluster: SharedCluster, perSecond: number): Promise<Record<string, number>> {
  let isOver = false;
  const appending = cluster.append(Infinity, 16, perSecond, () => isOver);
  const since = performance.now();
  await cluster.leave("second");
  await cluster.join("second", 2);
  await cluster.leave("first");
  const reads = sampled(
    async () => (await cluster.ask<{ total: number }>("second", "list", { pageSize: 1 })).total,
    () => isOver,
  );
  const lags: number[] = [];
  await cluster.until(async () => {
    const { state, stale, lag } = await cluster.status("second");
    lags.push(lag ?? NaN);
    return !stale && ["live", "folding"].includes(state) && lag !== null && lag < perSecond;
  });
  const currentMs = performance.now() - since;
  isOver = true;
  await appending;
  const failed = (await reads).filter((read) => read instanceof Error).length;
  return {
    "changed: until current": currentMs,
    "changed: rate": (cluster.appended * 1000) / currentMs,
    "changed: most lag": percentile(lags, 1),
    "changed: reads that failed": failed,
  };
}

const ours = (engine: "nats" | "postgres", kind: TableKind) => async (stage: Stage) => {
  const cluster = await SharedCluster.start(engine, kind, stage.folder);
  try {
    await cluster.append(stage.size(20_000, 1000), 8);
    await cluster.folded("second", cluster.appended);
    const figures: Record<string, number> = {};
    const note = (more: Record<string, number>) => Object.assign(figures, more);
    await stage.timed(async () => {
      note({ "rebuild alone": await rebuildAlone(cluster) });
      note({ "live alone": await liveAlone(cluster, stage.size(5000, 2000)) });
      const live = figures["live alone"]!;
      const mostMs = stage.size(15_000, 5000);
      note(await beside(cluster, { name: "half", perSecond: live / 2, mostMs }));
      note(await beside(cluster, { name: "full", perSecond: Infinity, mostMs }));
      note(await changed(cluster, live / 4));
    });
    return figures;
  } finally {
    await cluster.stop();
  }
};

const rate = { unit: "events/s" } as const;
const count = { unit: "events" } as const;

const besideFigures = (name: string) => ({
  [`${name}: rebuild`]: rate,
  [`${name}: appended`]: rate,
  [`${name}: live fold`]: rate,
  [`${name}: lag`]: count,
  [`${name}: most lag`]: count,
  [`${name}: told by standby`]: { unit: "%" } as const,
});

const caseOf = (engine: "nats" | "postgres", kind: TableKind): Case => ({
  name: `shared table, log on ${engine}, ${kind}`,
  workload:
    "Two processes share a log and a table in PostgreSQL. 20,000 events of streams of 100 are there. A rebuild alone; " +
    "the live table beside 16 callers that append all the time; a rebuild of at most 15 s beside appends at half of that rate, " +
    "and one beside those callers again, with the live table's lag and the share of the moments at which the standby " +
    "told the progress too; and a rolling deployment of a changed definition beside a quarter of that rate, until the table is current.",
  figures: {
    "rebuild alone": rate,
    "live alone": rate,
    ...besideFigures("half"),
    ...besideFigures("full"),
    "changed: until current": { unit: "ms" },
    "changed: rate": rate,
    "changed: most lag": count,
    "changed: reads that failed": count,
  },
  contestants: { ours: ours(engine, kind) },
});

/** Tables that several nodes share. */
export const shared: Part = {
  cases: (["nats", "postgres"] as const).flatMap((engine) =>
    (["plain", "query"] as const).map((kind) => caseOf(engine, kind)),
  ),
};
