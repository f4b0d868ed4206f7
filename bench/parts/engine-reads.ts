import { expectSame } from "../check.ts";
import { eventsPerStream, payloadOf, streamOf, sumBelow, type Payload } from "../events.ts";
import type { Case, Stage } from "../part.ts";
import { median } from "../statistics.ts";
import { Ours, storeName } from "../stores/ours.ts";
import type { RawEngine } from "../stores/raw-engine.ts";
import { servers, withServer, type ServerName } from "../stores/servers.ts";

const perPage = 1000;
const loads = 200;

type ReadAll = (each: (payload: Payload) => void) => Promise<void>;

/** Checks that every event is there once. */
export async function checkEvents(events: number, read: ReadAll): Promise<void> {
  let [count, sum] = [0, 0];
  await read(({ amount }) => {
    count++;
    sum += amount;
  });
  expectSame("events", [count, sum].join(), [events, sumBelow(events)].join());
}

/** Reads the log with the store's `read` action, page by page; positions have no hole. */
export const readAll =
  (ours: Ours): ReadAll =>
  async (each) => {
    for (let after = 0; ;) {
      const page = await ours.broker.call<{ events: { payload: Payload }[]; position: number; end: boolean }, object>(
        `${storeName}.read`,
        {
          after,
          limit: perPage,
        },
      );
      for (const { payload } of page.events) each(payload);
      expectSame("position", page.position, after + page.events.length);
      if (page.end) return;
      after = page.position;
    }
  };

export const withOurs = <Answer>(name: ServerName, stage: Stage, work: (ours: Ours) => Promise<Answer>) =>
  withServer(name, async (url) => {
    const ours = await Ours.start(servers[name].ours(url, stage.folder));
    try {
      return await work(ours);
    } finally {
      await ours.stop();
    }
  });

export const withRaw = <Answer>(name: ServerName, work: (raw: RawEngine) => Promise<Answer>) =>
  withServer(name, async (url) => {
    const raw = await servers[name].raw(url);
    try {
      return await work(raw);
    } finally {
      await raw.close();
    }
  });

/** Appends streams of 100 events each, which take turns. */
export async function fillOurs(ours: Ours, streams: number): Promise<void> {
  for (let first = 0; first < eventsPerStream; first += 10)
    for (let stream = 0; stream < streams; stream += 50)
      await Promise.all(
        Array.from({ length: Math.min(50, streams - stream) }, (_, index) => {
          const entity = `e${stream + index}`;
          const number = (version: number) => (first + version) * streams + stream + index;
          return ours.appendBatch(
            entity,
            first,
            Array.from({ length: 10 }, (_, version) => payloadOf(entity, number(version))),
          );
        }),
      );
}

export async function fillRaw(raw: RawEngine, streams: number): Promise<void> {
  for (let version = 0; version < eventsPerStream; version++)
    await Promise.all(
      Array.from({ length: streams }, (_, stream) => {
        const entity = `e${stream}`;
        return raw.append({ entity, version, payload: payloadOf(entity, version * streams + stream) });
      }),
    );
}

async function timedRead(stage: Stage, events: number, read: ReadAll) {
  const ms = await stage.timed(() => checkEvents(events, read));
  return { rate: (events * 1000) / ms };
}

/** The median of many loads in sequence, of streams in turn. */
async function timedLoads(stage: Stage, streams: number, load: (entity: string) => Promise<readonly unknown[]>) {
  const times: number[] = [];
  await stage.timed(async () => {
    for (let n = 0; n < loads; n++) {
      const start = performance.now();
      const events = await load(`e${(n * 7) % streams}`);
      times.push((performance.now() - start) * 1000);
      expectSame("events of a stream", events.length, eventsPerStream);
    }
  });
  return { p50: median(times) };
}

/** @param streams of 100 events each */
export function readsOf(name: ServerName, streams: number): Case[] {
  const streamsOf = (stage: Stage) => stage.size(streams, 20);
  return [
    {
      name: `${name}: log read`,
      workload: `${(streams * eventsPerStream).toLocaleString("en")} events are read from the first on in pages of ${perPage.toLocaleString("en")}, and parsed.`,
      figures: { rate: { unit: "events/s", goals: [{ beside: "raw", must: 0.5 }] } },
      contestants: {
        ours: (stage) =>
          withOurs(name, stage, async (ours) => {
            await fillOurs(ours, streamsOf(stage));
            return timedRead(stage, streamsOf(stage) * eventsPerStream, readAll(ours));
          }),
        raw: (stage) =>
          withRaw(name, async (raw) => {
            await fillRaw(raw, streamsOf(stage));
            return timedRead(stage, streamsOf(stage) * eventsPerStream, (each) => raw.read(each));
          }),
      },
    },
    {
      name: `${name}: load of a stream of ${eventsPerStream}`,
      workload: `One of ${streams} streams after the other is read and parsed.`,
      figures: { p50: { unit: "us", goals: [{ beside: "raw", must: 2 }] } },
      contestants: {
        ours: (stage) =>
          withOurs(name, stage, async (ours) => {
            await fillOurs(ours, streamsOf(stage));
            return timedLoads(stage, streamsOf(stage), async (entity) => {
              const params = { stream: streamOf(entity), limit: eventsPerStream };
              return (await ours.broker.call<{ events: object[] }, object>(`${storeName}.read`, params)).events;
            });
          }),
        raw: (stage) =>
          withRaw(name, async (raw) => {
            await fillRaw(raw, streamsOf(stage));
            return timedLoads(stage, streamsOf(stage), (entity) => raw.stream(entity));
          }),
      },
    },
  ];
}
