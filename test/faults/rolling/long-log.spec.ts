import { cleanUp } from "../../support/broker.ts";
import { describeWith } from "../../support/engines.ts";
import { isInFull } from "../../support/times.ts";
import { killChildren } from "../child.ts";
import { expectNothingLost, expectTables } from "./checks.ts";
import { Deploy } from "./deploy.ts";
import { tables } from "./shop.ts";
import { postgresSite } from "./sites.ts";
import { Standstills } from "./standstills.ts";

afterEach(async () => {
  killChildren();
  await cleanUp();
});

const eventsInLog = isInFull ? 50_000 : 2000;

describeWith("nats-server", "A deploy on a long log", (nats) =>
  describeWith("postgres", "with writers at work", (postgres) => {
    it("lets no fold of a release stand still for the other's, and no read", async () => {
      const deploy = await Deploy.at(postgresSite({ nats: nats().url, postgres: postgres().url }));
      const older = await deploy.start(1, "a", "b");
      await deploy.fill(eventsInLog);
      for (const node of older) await deploy.caughtUp(node, tables);
      deploy.write();
      await deploy.written();
      await deploy.showRows(...older);
      deploy.reads.deployBegins(older);
      const standstills = new Standstills(deploy);
      const newer = await deploy.start(2, "c", "d");
      await deploy.showRows(...newer);
      for (const node of older) {
        await deploy.written();
        await node.stop();
      }
      await deploy.written();
      await standstills.end();
      process.stderr.write(
        `longest standstills on ${eventsInLog} events, in ms: ${JSON.stringify(standstills.longest)}\n`,
      );
      expect(standstills.advancesBesideBuild).toBeGreaterThan(0);

      await deploy.stopWriting();
      for (const node of newer) {
        await deploy.caughtUp(node);
        await expectTables(deploy, node, await deploy.log());
      }
      await expectNothingLost(deploy);
      expect(await deploy.reads.end()).toEqual([]);
    }, 1_200_000);
  }),
);
