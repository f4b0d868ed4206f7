import { startBroker } from "../support/broker.ts";
import { bank } from "./bank.ts";
import { contentsOfFiles } from "./file-contents.ts";
import { makeSample, observe } from "./make-sample.ts";
import type { Contents, SampleEngine } from "./sample-engine.ts";

/** Makes a store with this version, and closes it. Returns what its services have returned of it. */
export async function makeStore(
  engine: SampleEngine,
  server: string,
  folder: string,
): Promise<Record<string, unknown>> {
  const services = [bank({ log: engine.log(server, folder), folder, table: engine.table, isMended: false })];
  const broker = await startBroker(services, { nodeID: "sample" });
  await makeSample(broker);
  const observed = await observe(broker);
  await broker.stop();
  return observed;
}

/** All that a closed store has stored, in its server and its files. */
export const contentsOf = async (engine: SampleEngine, server: string, folder: string): Promise<Contents> => ({
  ...contentsOfFiles(folder, engine.isDerived),
  ...(await engine.server?.contents(server)),
});
