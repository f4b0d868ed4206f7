import { EventStore, ProcessManager, Subscription, type ConsumerStatus } from "moleculer-event-sourcing";
import { randomInt } from "../support/chance.ts";
import { cleanUp, eventually, newFolder, startBroker } from "../support/broker.ts";
import { times } from "../support/times.ts";
import { killChildren, startChild } from "./child.ts";

afterEach(async () => {
  killChildren();
  await cleanUp();
});

const kills = times(20, 4);

/** Runs the process until it is killed, soon after its consumer has begun under this name. */
async function runUntilKilled(kind: string, folder: string, name: string): Promise<number[]> {
  const { lines, kill, exited } = startChild("./renamed-process.ts", kind, folder, name);
  const seen: number[] = [];
  for await (const line of lines)
    if (seen.push(Number(line)) === 1) setTimeout(kill, randomInt(2) === 0 ? randomInt(20) : 250 + randomInt(100));
  await exited;
  return seen;
}

describe.each(["subscription", "process manager"])(
  "A %s that is killed with SIGKILL as it begins under another name",
  (kind) => {
    it(`skips no event, and handles again only those of its last moments, ${kills} times`, async () => {
      const folder = newFolder();
      const seen = new Set<number>();
      let furthest = 0;
      for (let run = 0; run < kills; run++) {
        const handled = await runUntilKilled(kind, folder, run % 2 === 0 ? "mails" : "letters");
        // The checkpoint never goes back: beginning anew, it would begin at the first event.
        const first = Math.min(...handled);
        expect(first).toBeGreaterThanOrEqual(furthest);
        furthest = first;
        expect(handled.length).toBeGreaterThan(0);
        for (const position of handled) seen.add(position);
      }
      expect(furthest).toBeGreaterThan(1);
      const eventStore = EventStore("events", { adapter: `sqlite:${folder}/events.db` });
      const options = {
        eventStore,
        formerName: "mails",
        on: { "thing.*": ({ position }: { position: number }) => void seen.add(position) },
      };
      const consumer = kind === "subscription" ? Subscription("letters", options) : ProcessManager("letters", options);
      const broker = await startBroker([{ name: "host", mixins: [eventStore.mixin(), consumer.mixin()] }]);
      const { head } = await eventually(async () => {
        const status: ConsumerStatus = await broker.call("letters.status");
        expect(status).toMatchObject({ state: "live", lag: 0, parked: 0 });
        return status;
      });
      expect([...seen].toSorted((a, b) => a - b)).toEqual(Array.from({ length: head! }, (_, index) => index + 1));
    }, 300_000);
  },
);
