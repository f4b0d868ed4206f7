import { callersAppend } from "../callers.ts";
import { expectSame } from "../check.ts";
import { eventsPerStream, payloadOf } from "../events.ts";
import type { Case, Goal, Part, Stage } from "../part.ts";
import type { RawEngine } from "../stores/raw-engine.ts";
import { servers, withServer, type ServerName } from "../stores/servers.ts";
import { catchUpOf } from "./engine-tables.ts";
import { checkEvents, readAll, readsOf, withOurs, withRaw } from "./engine-reads.ts";

const callersAtOnce = 64;

type Append = Parameters<typeof callersAppend>[1];

/** Appends after a tenth of the events as a warm-up; returns the rate. */
async function appendAll(stage: Stage, callers: number, events: number, append: Append) {
  const warmUp = Math.ceil(events / 10);
  await callersAppend({ callers, events: warmUp }, append);
  const ms = await stage.timed(() => callersAppend({ callers, events, from: warmUp }, append));
  return { rate: (events * 1000) / ms, total: warmUp + events };
}

/** Appends one event per caller in one commit, commit after commit. */
async function commitAll(stage: Stage, callers: number, events: number, raw: RawEngine) {
  const commits = async (from: number, to: number) => {
    for (let number = from; number < to; number += callers) {
      const sent = (number - from) / callers;
      const entity = (caller: number) => `${from}.${caller}.${Math.floor(sent / eventsPerStream)}`;
      await raw.commit(
        Array.from({ length: Math.min(callers, to - number) }, (_, caller) => ({
          entity: entity(caller),
          version: sent % eventsPerStream,
          payload: payloadOf(entity(caller), number + caller),
        })),
      );
    }
  };
  const warmUp = Math.ceil(events / 10);
  await commits(0, warmUp);
  const ms = await stage.timed(() => commits(warmUp, warmUp + events));
  return { rate: (events * 1000) / ms };
}

function appendTo(name: ServerName, callers: number, [full, quick]: [number, number], goals: Goal[]): Case {
  return {
    name: `${name}: append, ${callers} ${callers === 1 ? "caller" : "callers"}`,
    workload:
      `${callers} at once append one event after the other to streams of their own, versions checked, durable. ` +
      "raw: the same callers with the server's own client.",
    figures: { rate: { unit: "events/s", goals } },
    contestants: {
      ours: (stage) => ourAppends(name, stage, callers, stage.size(full, quick)),
      raw: (stage) =>
        withRaw(name, async (raw) => {
          const { rate, total } = await appendAll(stage, callers, stage.size(full, quick), (entity, version, number) =>
            raw.append({ entity, version, payload: payloadOf(entity, number) }),
          );
          await checkEvents(total, (each) => raw.read(each));
          return { rate };
        }),
      ...(name === "postgres" && { emmett: (stage: Stage) => emmettAppends(stage, callers, stage.size(full, quick)) }),
    },
  };
}

const ourAppends = (name: ServerName, stage: Stage, callers: number, events: number) =>
  withOurs(name, stage, async (ours) => {
    const { rate, total } = await appendAll(stage, callers, events, (entity, version, number) =>
      ours.append(payloadOf(entity, number), version),
    );
    await checkEvents(total, readAll(ours));
    return { rate };
  });

const emmettAppends = (stage: Stage, callers: number, events: number) =>
  withServer("postgres", async (url) => {
    const { EmmettPostgres } = await import("../stores/emmett-postgres.ts");
    const emmett = await EmmettPostgres.open(url);
    const { rate, total } = await appendAll(stage, callers, Math.ceil(events / 4), (entity, version, number) =>
      emmett.append(entity, version, payloadOf(entity, number)),
    );
    expectSame("events", await emmett.count(url), total);
    await emmett.close();
    return { rate };
  });

function appendBesideCommits(name: ServerName, [full, quick]: [number, number]): Case {
  return {
    name: `${name}: append, ${callersAtOnce} callers, beside commits of ${callersAtOnce}`,
    workload:
      `${callersAtOnce} at once append one event after the other. raw: the limit: one client that has the events of all ` +
      `of them in hand, and sends ${callersAtOnce} at a time in one statement, message or bulk, one after the other.`,
    figures: { rate: { unit: "events/s" } },
    contestants: {
      ours: (stage) => ourAppends(name, stage, callersAtOnce, stage.size(full, quick)),
      raw: (stage) => withRaw(name, (raw) => commitAll(stage, callersAtOnce, stage.size(full, quick), raw)),
    },
  };
}

const emmettGoal: Goal = { beside: "emmett", must: 5 };

const casesOf = (name: ServerName): Case[] => [
  appendTo(name, 1, [1500, 100], []),
  appendTo(
    name,
    callersAtOnce,
    [12_800, 640],
    [{ beside: "raw", must: 0.5 }, ...(name === "postgres" ? [emmettGoal] : [])],
  ),
  appendBesideCommits(name, [12_800, 640]),
  // FerretDB, which replaces MongoDB here, scans all documents for those of one stream.
  ...readsOf(name, name === "mongodb" ? 40 : 200),
  ...(name === "nats" ? [] : [catchUpOf(name)]),
];

export const engines: Part = { cases: (Object.keys(servers) as ServerName[]).flatMap(casesOf) };
