import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cleanUp, newFolder } from "../support/broker.ts";
import { startEngine } from "../support/engines.ts";
import { moleculerDb, sqlite } from "./file-engines.ts";
import { makeStore } from "./make-store.ts";
import { hashesFile, presentHashes } from "./migrations.ts";
import { mongodb } from "./mongodb-sample.ts";
import { nats } from "./nats-sample.ts";
import { postgres } from "./postgres-sample.ts";
import type { SampleEngine } from "./sample-engine.ts";
import { newestFormat, sampleFolder } from "./samples.ts";
import { packFolder } from "./stored-folder.ts";

/** Engines to renew, by name; without arguments all of them. */
const [, , ...names] = process.argv;

writeFileSync(hashesFile, `${JSON.stringify(presentHashes(), null, 2)}\n`);
for (const engine of [sqlite, moleculerDb, postgres, nats, mongodb])
  if (names.length === 0 || names.includes(engine.name)) await renew(engine);

async function renew(engine: SampleEngine): Promise<void> {
  const server = engine.server && (await startEngine(engine.server.program));
  try {
    const [folder, sample] = [newFolder(), sampleFolder(newestFormat, engine.name)];
    const url = server?.url ?? "";
    const expected = await makeStore(engine, url, folder);
    rmSync(sample, { recursive: true, force: true });
    mkdirSync(sample, { recursive: true });
    packFolder(folder, join(sample, "files"), engine.isDerived);
    await engine.server?.dump(url, sample);
    writeFileSync(join(sample, "expected.json"), `${JSON.stringify(expected, null, 1)}\n`);
  } finally {
    await cleanUp();
    await server?.stop();
  }
}
