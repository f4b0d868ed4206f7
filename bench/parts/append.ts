import { join } from "node:path";
import { callersAppend } from "../callers.ts";
import { checkEmmettLog, checkLog } from "../check.ts";
import { eventsPerStream, payloadOf } from "../events.ts";
import type { Case, Goal, Part, Stage } from "../part.ts";
import { Ours } from "../stores/ours.ts";
import { RawLog } from "../stores/raw.ts";

type Append = (entity: string, version: number, number: number) => Promise<unknown>;

/**
 * Appends with many callers, after a tenth of the events as a warm-up. Returns the rate and the number of events
 * afterwards.
 */
async function run(stage: Stage, callers: number, events: number, append: Append) {
  const warmUp = Math.ceil(events / 10);
  await callersAppend({ callers, events: warmUp }, append);
  const ms = await stage.timed(() => callersAppend({ callers, events, from: warmUp }, append));
  return { rate: (events * 1000) / ms, total: warmUp + events };
}

function appendBy(callers: number, [full, quick]: [number, number], goals: Goal[]): Case {
  return {
    name: `append, ${callers} ${callers === 1 ? "caller" : "callers"}`,
    workload:
      (callers === 1 ? "One caller appends" : `${callers} concurrent callers append`) +
      " one event after the other through a broker action with a params schema; version checked, synchronous=FULL. " +
      `raw: transactions of ${callers}. Emmett: as many callers on one kept connection` +
      (callers === 1 ? "." : ", where they share a transaction and are answered before its commit."),
    figures: { rate: { unit: "events/s", goals } },
    contestants: {
      async ours(stage) {
        const file = join(stage.folder, "log.db");
        const ours = await Ours.start(file);
        const { rate, total } = await run(stage, callers, stage.size(full, quick), (entity, version, number) =>
          ours.append(payloadOf(entity, number), version),
        );
        await ours.stop();
        checkLog(file, total);
        return { rate };
      },
      async raw(stage) {
        const file = join(stage.folder, "log.db");
        const log = new RawLog(file);
        const { rate, total } = await runRaw(stage, callers, stage.size(full, quick), log);
        log.close();
        checkLog(file, total);
        return { rate };
      },
      async emmett(stage) {
        const { Emmett } = await import("../stores/emmett.ts");
        const file = join(stage.folder, "log.db");
        const emmett = new Emmett(file);
        await emmett.migrate();
        const { rate, total } = await run(stage, callers, stage.size(full / 4, quick / 4), (entity, version, number) =>
          emmett.append(entity, version, [payloadOf(entity, number)]),
        );
        emmett.close();
        checkEmmettLog(file, total);
        return { rate };
      },
    },
  };
}

/** Each transaction contains one event for each of several streams, like a commit of our concurrent callers. */
async function runRaw(stage: Stage, perTransaction: number, events: number, log: RawLog) {
  const append = (from: number, to: number) => {
    for (let number = from; number < to; number += perTransaction) {
      const sent = (number - from) / perTransaction;
      log.append(
        Array.from({ length: Math.min(perTransaction, to - number) }, (_, caller) => {
          const entity = `${from}.${caller}.${Math.floor(sent / eventsPerStream)}`;
          return { entity, version: sent % eventsPerStream, payloads: [payloadOf(entity, number + caller)] };
        }),
      );
    }
  };
  const warmUp = Math.ceil(events / 10);
  append(0, warmUp);
  const ms = await stage.timed(() => append(warmUp, warmUp + events));
  return { rate: (events * 1000) / ms, total: warmUp + events };
}

export const append: Part = {
  cases: [
    appendBy(1, [4000, 400], [{ beside: "raw", must: 0.6, aim: 0.8 }]),
    appendBy(
      64,
      [40_000, 3200],
      [
        { beside: "raw", must: 0.5, aim: 0.7 },
        { beside: "emmett", must: 4, aim: 8 },
      ],
    ),
    appendBy(256, [51_200, 5120], []),
  ],
};
