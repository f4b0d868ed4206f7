import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cleanUp, newFolder, startBroker } from "../support/broker.ts";
import { bank } from "./bank.ts";
import { makeSample, observe } from "./make-sample.ts";
import { hashesFile, presentHashes } from "./migrations.ts";
import { sqlite, type SampleEngine } from "./sample-engine.ts";
import { newestFormat, sampleFolder } from "./samples.ts";
import { packFolder } from "./stored-folder.ts";

writeFileSync(hashesFile, `${JSON.stringify(presentHashes(), null, 2)}\n`);
await renew(sqlite, "");

async function renew(engine: SampleEngine, server: string): Promise<void> {
  const [folder, sample] = [newFolder(), sampleFolder(newestFormat, engine.name)];
  const options = { log: engine.log(server, folder), folder, isMended: false };
  const broker = await startBroker([bank(options)], { nodeID: "sample" });
  await makeSample(broker);
  const expected = await observe(broker);
  await broker.stop();
  rmSync(sample, { recursive: true, force: true });
  mkdirSync(sample, { recursive: true });
  packFolder(folder, join(sample, "files"), engine.isDerived);
  await engine.dump?.(server, sample);
  writeFileSync(join(sample, "expected.json"), `${JSON.stringify(expected, null, 1)}\n`);
  await cleanUp();
}
