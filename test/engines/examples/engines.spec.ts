import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { cleanUp, newFolder } from "../../support/broker.ts";
import { describeWith, type EngineServer } from "../../support/engines.ts";
import { isInFull } from "../../support/times.ts";

afterEach(cleanUp);

const root = fileURLToPath(new URL("../../..", import.meta.url));
const small = ["property", "property-travel", "orders"];
const all = [...small, "bank", "flights"];
/** FerretDB 1 looks through all rows for each that is written: the demo takes it eight minutes of a quiet machine. */
const demoTimeoutMs = 2_400_000;

/** A program of node in another process, with the engines that the variables name; what it says, once it has ended well. */
function run(engines: Record<string, string>, ...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { cwd: root, env: { ...process.env, ...engines } }, (error, said, why) =>
      error ? reject(new Error(said + why)) : resolve(said),
    );
  });
}

type EnginesAt = (server: EngineServer, folder: string) => Record<string, string>;

function examplesOn(engine: string, enginesAt: EnginesAt, inDemoAt = enginesAt, examples = all) {
  return (server: () => EngineServer) => {
    it("do all that their specs say", async () => {
      const node = ["--experimental-vm-modules", "--disable-warning=ExperimentalWarning"];
      const jest = [...node, "node_modules/.bin/jest", "--config", "test/support/inner.jest.config.js"];
      const files = examples.map((example) => `test/examples/${example}.spec.ts`);
      const said = run(enginesAt(server(), ""), ...jest, "--runTestsByPath", ...files);
      await expect(said).resolves.toBeDefined();
    });

    it(
      "come to the rows that a plain computation comes to, in the demo",
      async () => {
        const engines = inDemoAt(server(), newFolder());
        const said = await run(engines, "--conditions=moleculer-event-sourcing:source", "examples/flights/demo.ts");
        expect(said).toContain(`log on ${engine}`);
        expect(said).toContain("3,287 rows compared, 0 differences");
      },
      demoTimeoutMs,
    );
  };
}

const filesIn = (folder: string) => (folder === "" ? "" : `?folder=${folder}`);

describeWith(
  "nats-server",
  "The examples with their logs on NATS",
  examplesOn("nats", ({ url }, folder) => ({ EVENT_STORE: url + filesIn(folder) })),
);
describeWith(
  "mongodb",
  "The examples with logs and tables on MongoDB",
  examplesOn(
    "mongodb",
    ({ url }, folder) => ({ EVENT_STORE: url + filesIn(folder), READ_TABLES: url }),
    ({ url }, folder) => ({ EVENT_STORE: url + filesIn(folder), ...(isInFull && { READ_TABLES: url }) }),
    isInFull ? all : small,
  ),
);
describeWith(
  "postgres",
  "The examples with logs and tables on PostgreSQL",
  examplesOn("postgres", ({ url }) => ({ EVENT_STORE: url, READ_TABLES: url })),
);
