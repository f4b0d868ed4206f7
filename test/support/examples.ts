import type { ServiceBroker, ServiceSchema } from "moleculer";
import { newPlaces } from "./places.ts";
import { cleanUp, newFolder, startBroker } from "./broker.ts";

const folderBefore = process.cwd();

/**
 * A broker with services of the examples, named `<example>/<service>`. Their data is in `data/` of the working
 * directory, or in a new place of this test on the servers named by EVENT_STORE and READ_TABLES.
 */
export async function startExamples(...names: string[]): Promise<ServiceBroker> {
  process.chdir(newFolder());
  await newPlaces();
  const modules = names.map(
    (name) => import(`../../examples/${name}.service.ts`) as Promise<{ default: ServiceSchema }>,
  );
  return startBroker((await Promise.all(modules)).map((module) => module.default));
}

/** Call it in `afterAll`. */
export async function endExamples(): Promise<void> {
  await cleanUp();
  process.chdir(folderBefore);
}
