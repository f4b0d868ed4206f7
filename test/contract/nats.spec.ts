import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventLogContract } from "moleculer-event-sourcing/testing";
import { nats } from "../../adapters/nats/nats.ts";
import { describeWith } from "../support/engines.ts";

const module = new URL("./nats-port.ts", import.meta.url).href;
let places = 0;

describeWith("nats-server", "NATS JetStream as a log", (server) => {
  const newPlace = async () => {
    const index = mkdtempSync(join(tmpdir(), "contract-"));
    const args = [server().url, `place-${++places}-`, index] as const;
    return {
      log: () => nats(args[0], { prefix: args[1], index }).eventLog!("events"),
      remove: async () => rmSync(index, { recursive: true, force: true }),
      inProcess: { module, args },
    };
  };
  const declared = { durability: "process", hosts: "many", backup: false } as const;
  for (const { name, run } of eventLogContract(newPlace, declared)) it(name, run);
});
