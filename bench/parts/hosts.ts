import type { Case, Goal, Part, Stage } from "../part.ts";
import { expectSame } from "../check.ts";
import { percentile } from "../statistics.ts";
import { Hosts } from "../stores/hosts.ts";
import { servers, type ServerName } from "../stores/servers.ts";

const callersAtOnce = 64;

/** Checks that acknowledged events are in the log, each once, in positions without a hole. */
async function checkLog(name: ServerName, url: string, stage: Stage, stored: number): Promise<void> {
  const log = servers[name].ours(url, `${stage.folder}/check`).eventLog!("benchEventStore");
  await log.open({ create: false });
  const ids = new Set<string>();
  for (let after = 0; ;) {
    const { events } = await log.read({ after, limit: 1000 });
    if (events.length === 0) break;
    for (const { id } of events) ids.add(id);
    after += events.length;
    expectSame("position", events.at(-1)!.position, after);
  }
  await log.close();
  expectSame("events", ids.size, stored);
}

async function appendBy(name: ServerName, stage: Stage, isHost: readonly boolean[]) {
  return Hosts.run(name, stage.folder, isHost, async (hosts, url) => {
    const ms = stage.size(6000, 1000);
    let appended: Awaited<ReturnType<Hosts["append"]>> = [];
    await stage.timed(async () => (appended = await hosts.append(callersAtOnce, { warmUpMs: ms / 3, ms })));
    await checkLog(
      name,
      url,
      stage,
      appended.reduce((sum, { stored }) => sum + stored, 0),
    );
    const latencies = appended.flatMap((one) => one.latencies);
    return {
      rate: (latencies.length * 1000) / ms,
      p50: percentile(latencies, 0.5),
      p99: percentile(latencies, 0.99),
      cpu: appended.reduce((sum, { cpuUs }) => sum + cpuUs, 0) / latencies.length,
    };
  });
}

function spread(name: ServerName, title: string, isHost: readonly boolean[], goals: { rate?: Goal; p99?: Goal }): Case {
  return {
    name: `${name}: append, ${callersAtOnce} callers on ${title}`,
    workload:
      `${callersAtOnce} callers, spread over ${isHost.length} node processes, append one event after the other, each to ` +
      `the store on its own node${isHost.includes(false) ? " if that hosts it, else to the one that does" : ""}. ` +
      "one host: all callers in the process of the only host. cpu: what all node processes have worked for one event, without the server.",
    figures: {
      rate: { unit: "events/s", goals: goals.rate ? [goals.rate] : [] },
      p50: { unit: "ms" },
      p99: { unit: "ms", goals: goals.p99 ? [goals.p99] : [] },
      cpu: { unit: "us" },
    },
    contestants: {
      ours: (stage) => appendBy(name, stage, isHost),
      "one host": (stage) => appendBy(name, stage, [true]),
    },
  };
}

const goals = { rate: { beside: "one host", must: 0.9 }, p99: { beside: "one host", must: 2 } } as const;

const casesOf = (name: ServerName): Case[] => [
  spread(name, "2 hosts", [true, true], goals),
  spread(name, "3 hosts", [true, true, true], goals),
  spread(name, "3 nodes, of which 1 hosts", [true, false, false], {}),
];

export const hosts: Part = { cases: (Object.keys(servers) as ServerName[]).flatMap(casesOf) };
