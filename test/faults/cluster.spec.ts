import { checkFaults } from "../cluster/check-faults.ts";
import { pause, victimOf, type Fault } from "../cluster/fault.ts";
import { commits } from "../cluster/site.ts";

const shortMs = 3000;

/** Three faults of `test/cluster`, one after the other on one site. */
const short: Fault = {
  name: "a node killed, the stream's leader killed, a node cut off",
  async happens(site) {
    const killed = await victimOf(site);
    await killed.kill();
    await pause(shortMs);
    await killed.start();
    const { server } = await site.nats!.leaderOf(commits);
    await server.kill();
    await pause(shortMs);
    await server.start();
    const cutOff = await victimOf(site);
    for (const link of cutOff.allLinks) link.stall();
    await pause(shortMs);
    for (const link of cutOff.allLinks) link.pass();
  },
};

checkFaults("nats", [short]);
