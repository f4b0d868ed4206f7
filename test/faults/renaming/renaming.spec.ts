import { randomUUID } from "node:crypto";
import { cleanUp, eventually, newFolder } from "../../support/broker.ts";
import { describeWith } from "../../support/engines.ts";
import { killChildren } from "../child.ts";
import { Deploy, type Running } from "./deploy.ts";
import { consumers, lent } from "./library.ts";

afterEach(async () => {
  killChildren();
  await cleanUp();
});

const lendings = (types: readonly string[]) => types.filter((type) => type === lent[1] || type === lent[2]).length;

/** Everything that holds when all consumers are at the end of the log. */
async function expectNothingLost(deploy: Deploy, { nodeID }: Running): Promise<void> {
  const log = await deploy.log();
  const made = log.filter(({ type }) => type === lent[1] || type === lent[2]);
  await eventually(() => expect(made.filter(({ position }) => !deploy.handled.has(position))).toEqual([]));
  const charged = log.filter(({ type }) => type === "fee.charged").map(({ payload }) => String(payload["id"]));
  expect(charged.toSorted()).toEqual(made.map(({ id }) => id).toSorted());
  const rows = await deploy.client.call<{ name: string }[], object>("loans.find", {}, { nodeID });
  expect(rows.map(({ name }) => name).toSorted()).toEqual(
    made.map(({ payload }) => String(payload["name"])).toSorted(),
  );
  expect(deploy.lacking).toEqual([]);
}

describeWith("nats-server", "A release that renames an event type", (nats) =>
  describeWith("postgres", "deployed node by node", (postgres) => {
    const onPostgres = () => {
      const name = `p${randomUUID().slice(0, 8)}`;
      const at = (what: string) => `${postgres().url}?schema=${what}_${name}`;
      return () => ({ log: at("log"), table: at("loans") });
    };

    it("loses no step of a process, no row and no read of one's own write, and waits when it is rolled back", async () => {
      const deploy = await Deploy.at(nats().url, onPostgres());
      const older = [await deploy.start(1, "a"), await deploy.start(1, "b")];
      await deploy.lend(1);
      const newer = await deploy.start(2, "c");
      for (let n = 0; n < 5; n++) await deploy.lend(1, 2);
      await deploy.caughtUp(newer);
      await expectNothingLost(deploy, newer);

      // What the newer release has stored and not handled is left to the older one.
      for (const name of consumers) await deploy.client.call(`${name}.pause`);
      await deploy.lend();
      await newer.stop();
      for (const name of consumers) await deploy.client.call(`${name}.resume`);
      const first = (await deploy.log()).findLast(({ type }) => type === lent[2])!;
      const cause = `position ${first.position} needs a release that knows loan.lent version 1, formerly book.lent`;
      await eventually(async () => {
        for (const name of ["mails", "fees"]) {
          const found = await Promise.all(older.map((node) => deploy.status(node, name)));
          expect(found.map(({ state, cause: why }) => `${state} ${why}`)).toContain(`waiting ${cause}`);
        }
      });
      const before = lendings((await deploy.log()).map(({ type }) => type));
      await deploy.lend();
      expect(lendings((await deploy.log()).map(({ type }) => type))).toBe(before + 2);
      expect(deploy.handled.has(first.position)).toBe(false);

      const back = await deploy.start(2, "c");
      await deploy.lend(2);
      await deploy.caughtUp(back);
      await expectNothingLost(deploy, back);
      for (const node of older) await node.stop();
      await deploy.lend(2);
      await deploy.caughtUp(back);
      await expectNothingLost(deploy, back);
    }, 180_000);

    it("begins on a node whose log another one hosts, of the release before", async () => {
      const log = `sqlite:${newFolder()}/events.db`;
      const tables = new Map<string, string>();
      const deploy = await Deploy.at(nats().url, (name) => {
        tables.set(name, tables.get(name) ?? `sqlite:${newFolder()}/loans.db`);
        return { ...(name === "store" && { log }), table: tables.get(name)! };
      });
      const store = await deploy.start(1, "store");
      await deploy.lend(1);
      const caller = await deploy.start(2, "b");
      for (let n = 0; n < 3; n++) await deploy.lend(2);
      await deploy.caughtUp(caller);
      await expectNothingLost(deploy, caller);
      await eventually(async () => expect(await deploy.status(store, "loans")).toMatchObject({ state: "waiting" }));
      await caller.stop();
      await store.stop();
      const back = await deploy.start(1, "store");
      await eventually(async () => expect(await deploy.status(back, "loans")).toMatchObject({ state: "waiting" }));
    }, 120_000);
  }),
);
