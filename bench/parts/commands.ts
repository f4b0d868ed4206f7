import { join } from "node:path";
import { callersAppend } from "../callers.ts";
import { checkEmmettLog, checkLog, expectSame } from "../check.ts";
import { payloadOf, sumBelow } from "../events.ts";
import type { Case, Goal, Part, Stage } from "../part.ts";
import { median } from "../statistics.ts";
import { Decisions } from "../stores/decider.ts";

type Send = (ours: Decisions, entity: string, version: number, number: number) => Promise<unknown>;

/** Sends commands with many callers, after a tenth of them as a warm-up. */
async function run(
  stage: Stage,
  callers: number,
  events: number,
  send: (...sent: [string, number, number]) => Promise<unknown>,
) {
  const warmUp = Math.ceil(events / 10);
  await callersAppend({ callers, events: warmUp }, send);
  const ms = await stage.timed(() => callersAppend({ callers, events, from: warmUp }, send));
  return { rate: (events * 1000) / ms, total: warmUp + events };
}

async function runOurs(stage: Stage, callers: number, events: number, send: Send) {
  const file = join(stage.folder, "log.db");
  const ours = await Decisions.start(file);
  const { rate, total } = await run(stage, callers, events, (...sent) => send(ours, ...sent));
  await ours.stop();
  checkLog(file, total);
  return { rate };
}

const storing: Send = (ours, entity, version, number) => ours.store(payloadOf(entity, number), version);
const deciding: Send = (ours, entity, _, number) => ours.command(payloadOf(entity, number));

function commandsBy(callers: number, [full, quick]: [number, number]): Case {
  const goals: Goal[] = [
    { beside: "raw", must: 0.6 },
    { beside: "emmett", must: 1 },
  ];
  return {
    name: `command, ${callers} ${callers === 1 ? "caller" : "callers"}`,
    workload:
      `${callers === 1 ? "One caller sends" : `${callers} concurrent callers send`} commands with a params schema to a decider through the broker, ` +
      "a hundred to each of many entities, whose state is hot from the second on; synchronous=FULL. " +
      "raw: our own mapped append of the same events by the same callers, with the version checked. Emmett: its CommandHandler on one kept connection" +
      (callers === 1
        ? "."
        : ", by one caller: at the same time on one connection its commands fail (cannot rollback)."),
    figures: { rate: { unit: "events/s", goals } },
    contestants: {
      ours: (stage) => runOurs(stage, callers, stage.size(full, quick), deciding),
      raw: (stage) => runOurs(stage, callers, stage.size(full, quick), storing),
      async emmett(stage) {
        const { Emmett } = await import("../stores/emmett.ts");
        const { CommandHandler } = await import("@event-driven-io/emmett");
        const { addAmount, noAmounts } = await import("../stores/decider.ts");
        const file = join(stage.folder, "log.db");
        const emmett = new Emmett(file);
        await emmett.migrate();
        const handle = CommandHandler({ initialState: noAmounts, evolve: (state, { data }) => addAmount(state, data) });
        const { rate, total } = await run(stage, 1, stage.size(4000 / 4, 400 / 4), (entity, _, number) =>
          emmett.command(handle, entity, payloadOf(entity, number)),
        );
        emmett.close();
        checkEmmettLog(file, total);
        return { rate };
      },
    },
  };
}

/** All commands go to one entity, so that they are decided one at a time. */
const onOneStream = (send: (ours: Decisions, number: number) => Promise<unknown>) => (stage: Stage) =>
  runOurs(stage, 64, stage.size(8000, 800), (ours, _entity, _version, number) => send(ours, number));

const eventsPerStream = 1000;

/** Loads the state of cold entities in sequence; returns the median time in microseconds. */
async function loadCold(stage: Stage, every?: number) {
  const file = join(stage.folder, "log.db");
  const entities = Array.from({ length: stage.size(100, 10) }, (_, index) => `e${index}`);
  const writer = await Decisions.start(file, every);
  for (const entity of entities) {
    const payloads = Array.from({ length: eventsPerStream }, (_, number) => payloadOf(entity, number));
    // The last event comes from a command, which stores the state snapshot.
    await writer.appendBatch(entity, payloads.slice(0, -1));
    await writer.command(payloads.at(-1)!);
  }
  await writer.stop();
  const reader = await Decisions.start(file, every);
  const times: number[] = [];
  await stage.timed(async () => {
    for (const entity of entities) {
      const start = performance.now();
      const { state } = await reader.state(entity);
      times.push((performance.now() - start) * 1000);
      expectSame("events of the state", state.events, eventsPerStream);
      expectSame("their sum", state.total, sumBelow(eventsPerStream));
    }
  });
  await reader.stop();
  return { p50: median(times) };
}

export const commands: Part = {
  cases: [
    commandsBy(1, [4000, 400]),
    commandsBy(64, [40_000, 3200]),
    {
      name: "command, 64 callers on one entity",
      workload:
        "64 concurrent callers send commands to one entity: each is decided on what follows from the one before it, one after the other, and many share a commit. " +
        "raw: our own mapped append to one stream with any version, where 64 share a commit.",
      figures: { rate: { unit: "events/s" } },
      contestants: {
        ours: onOneStream((ours, number) => ours.command(payloadOf("one", number))),
        raw: onOneStream((ours, number) => ours.store(payloadOf("one", number))),
      },
    },
    {
      name: "cold load of a state, 1,000 events",
      workload:
        "One caller reads the state of entities of 1,000 events that are not cached, with a snapshot every 100; the median of the times. raw: the same without snapshots.",
      figures: { p50: { unit: "us", goals: [{ beside: "raw", must: 0.2 }] } },
      contestants: { ours: (stage) => loadCold(stage, 100), raw: (stage) => loadCold(stage) },
    },
  ],
};
