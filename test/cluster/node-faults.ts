import { longMs, nodeWith, pause, victimOf, type Fault } from "./fault.ts";
import type { Link, Way } from "./link.ts";
import type { MoneyNode } from "./money-node.ts";
import type { Site } from "./site.ts";

/** A client's driver may notice a dead connection only by its pings. */
const unnoticedMs = 45_000;
const clockMs = 5 * 60_000;

async function cutOff(site: Site, linksOf: (node: MoneyNode) => readonly Link[], ...ways: Way[]): Promise<void> {
  const links = linksOf(await victimOf(site));
  for (const link of links) link.stall(...ways);
  await pause(longMs);
  for (const link of links) link.pass();
}

const all = ({ allLinks }: MoneyNode) => allLinks;

/** The clock of a node that keeps working, so it does not count as faulty. */
async function shiftClock(site: Site, whose: "holder" | "standby", ms: number): Promise<void> {
  const { nodeID: shifted } = await nodeWith(site, whose === "holder");
  await site.broker.call("clock.shift", { ms }, { nodeID: shifted });
  await pause(longMs);
  // Events and deadlines are never older than the events before them: the other clocks must catch up with that time.
  for (const { nodeID } of site.nodes) await site.broker.call("clock.shift", { ms: Math.max(ms, 0) }, { nodeID });
}

export const nodeFaults: Fault[] = [
  { name: "no fault", happens: () => pause(longMs) },
  {
    name: "node killed (kill -9), restarted after 12 s",
    async happens(site) {
      const victim = await victimOf(site);
      await victim.kill();
      await pause(longMs);
      await victim.start();
    },
  },
  {
    name: "node frozen for 12 s",
    async happens(site) {
      const victim = await victimOf(site);
      victim.freeze();
      await pause(longMs);
      victim.thaw();
    },
  },
  { name: "node cut off silently for 12 s", happens: (site) => cutOff(site, all) },
  {
    name: "node cut off from the log alone for 12 s",
    happens: (site) => cutOff(site, ({ links }) => links.log),
  },
  {
    name: "node cut off from the other nodes alone for 12 s",
    happens: (site) => cutOff(site, ({ links }) => [links.carrier]),
  },
  { name: "node's requests are lost for 12 s", happens: (site) => cutOff(site, all, "there") },
  { name: "node's answers are lost for 12 s", happens: (site) => cutOff(site, all, "back") },
  {
    name: "all connections to the log die silently",
    async happens(site) {
      for (const link of [...site.nodes.flatMap(({ links }) => links.log), ...site.bareLinks]) link.strand();
      await pause(unnoticedMs);
    },
  },
  ...(["holder", "standby"] as const).flatMap((whose) => [
    { name: `clock of a ${whose} 5 min ahead for 12 s`, happens: (site: Site) => shiftClock(site, whose, clockMs) },
    { name: `clock of a ${whose} 5 min behind for 12 s`, happens: (site: Site) => shiftClock(site, whose, -clockMs) },
  ]),
  {
    name: "new definition, node by node",
    async happens(site) {
      for (const node of site.nodes) {
        node.isVictim = true;
        await node.stop();
        node.release++;
        await node.start();
        node.isVictim = false;
        await pause(2000);
      }
    },
  },
  {
    name: "carrier killed, restarted after 5 s",
    async happens(site) {
      const { carrier } = site.servers;
      await carrier.kill();
      await pause(5000);
      await carrier.start();
    },
  },
];
