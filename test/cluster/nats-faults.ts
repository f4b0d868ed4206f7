import { longMs, pause, victimOf, type Fault } from "./fault.ts";
import type { Link, Way } from "./link.ts";
import type { NatsCluster } from "./nats-cluster.ts";
import { commits, control, type Site } from "./site.ts";

type Member = NatsCluster["members"][number];

const leaderOf = (site: Site): Promise<Member> => site.nats!.leaderOf(commits);

async function othersOf(site: Site): Promise<Member[]> {
  const leader = await leaderOf(site);
  return site.nats!.members.filter((member) => member !== leader);
}

async function killFor(site: Site, members: readonly Member[], ms: number): Promise<void> {
  await Promise.all(members.map(({ server }) => server.kill()));
  await pause(ms);
  await Promise.all(members.map(({ server }) => server.start()));
  await site.nats!.isReady();
}

/** No bytes pass from the leader to the other servers, to it, or both; clients reach it. */
async function divide(site: Site, from: boolean, to: boolean): Promise<void> {
  const { own, others } = site.nats!.linksOf(await leaderOf(site));
  const ways = (isOwn: boolean): Way[] => [
    ...(from ? [isOwn ? ("there" as const) : ("back" as const)] : []),
    ...(to ? [isOwn ? ("back" as const) : ("there" as const)] : []),
  ];
  const stall = (links: readonly Link[], isOwn: boolean) => links.forEach((link) => link.stall(...ways(isOwn)));
  stall(own, true);
  stall(others, false);
  await pause(longMs);
  for (const link of [...own, ...others]) link.pass();
  await site.nats!.isReady();
}

export const natsFaults: Fault[] = [
  {
    name: "the stream's leader killed for 12 s",
    happens: async (site) => killFor(site, [await leaderOf(site)], longMs),
  },
  {
    name: "a follower killed for 12 s",
    happens: async (site) => killFor(site, (await othersOf(site)).slice(0, 1), longMs),
  },
  {
    name: "two of three servers killed for 10 s",
    happens: async (site) => killFor(site, [await leaderOf(site), (await othersOf(site))[0]!], 10_000),
  },
  {
    name: "the stream's leader frozen for 12 s",
    async happens(site) {
      const { server } = await leaderOf(site);
      server.freeze();
      await pause(longMs);
      server.thaw();
      await site.nats!.isReady();
    },
  },
  {
    name: "a node and the stream's leader killed for 12 s",
    async happens(site) {
      const [victim, leader] = [await victimOf(site), await leaderOf(site)];
      await Promise.all([victim.kill(), killFor(site, [leader], longMs)]);
      await victim.start();
    },
  },
  {
    name: "all servers restarted, one after the other",
    async happens(site) {
      for (const { server } of site.nats!.members) {
        await server.kill("SIGTERM");
        await server.start();
        await site.nats!.isReady();
      }
    },
  },
  {
    name: "all servers restarted in a row, without waiting",
    async happens(site) {
      for (const { server } of site.nats!.members) {
        await server.kill();
        await server.start();
      }
      await site.nats!.isReady();
    },
  },
  { name: "the leader cut off from the servers for 12 s", happens: (site) => divide(site, true, true) },
  { name: "the leader does not reach the servers for 12 s", happens: (site) => divide(site, true, false) },
  { name: "the servers do not reach the leader for 12 s", happens: (site) => divide(site, false, true) },
  {
    name: "the shared table's server stopped for 10 s",
    async happens({ servers: { postgres } }) {
      await postgres.kill("SIGINT");
      await pause(10_000);
      await postgres.start();
    },
  },
  {
    name: "stream of commits purged (refused by the server)",
    happens: (site) => site.nats!.ask((manager) => manager.streams.purge(commits)).catch(() => pause(5000)),
  },
  {
    name: "stream of control state purged (refused by the server)",
    happens: (site) => site.nats!.ask((manager) => manager.streams.purge(control)).catch(() => pause(5000)),
  },
  {
    name: "both streams deleted",
    endsLog: true,
    async happens(site) {
      for (const stream of [commits, control]) await site.nats!.ask((manager) => manager.streams.delete(stream));
      await pause(longMs);
    },
  },
];
