import type { ServiceBroker, ServiceSchema } from "moleculer";
import { newPlaces } from "./places.ts";
import { cleanUp, newFolder, startBroker } from "./broker.ts";

const folderBefore = process.cwd();

/**
 * A broker with services of the examples, named `<example>/<service>`. They keep their data in `data/` of the folder that
 * they are started in, or on the servers that EVENT_STORE and READ_TABLES name: in a place of this test alone.
 */
export async function startExamples(...names: string[]): Promise<ServiceBroker> {
  process.chdir(newFolder());
  await newPlaces();
  const modules = names.map(
    (name) => import(`../../examples/${name}.service.ts`) as Promise<{ default: ServiceSchema }>,
  );
  return startBroker((await Promise.all(modules)).map((module) => module.default));
}

/** To be called in `afterAll`. */
export async function endExamples(): Promise<void> {
  await cleanUp();
  process.chdir(folderBefore);
}
