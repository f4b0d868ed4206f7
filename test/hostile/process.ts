/**
 * Runs the attacks in its own process, which an unhandled rejection ends, and prints a line of JSON for each step:
 * {"attack"} before each, {"report"} at the end.
 */
import { ServiceBroker } from "moleculer";
import { randomFrom } from "../../testing/kit/random.ts";
import { attack } from "./campaign.ts";
import { everyKind, use, type Places } from "./every-kind.ts";
import { Samples } from "./samples.ts";

const { places, seed, share } = JSON.parse(process.argv[2]!) as { places: Places; seed: number; share: number };
const sendJson = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);

const samples = new Samples();
const broker = new ServiceBroker({ nodeID: "attacked", logger: false, middlewares: [samples.middleware] });
for (const service of everyKind(places)) broker.createService(service);
await broker.start();
await use(broker);
const report = await attack(broker, samples, {
  share,
  random: randomFrom(seed),
  // The last line names the attack that ended the process, or that never ended.
  onAttack: ({ action, name }) => sendJson({ attack: `${action}: ${name}` }),
});
// The services still work: a correct call succeeds.
await broker.call("account.open", { id: "after", owner: "Eve", email: `eve-${seed}@example.org` });
sendJson({ report });
await broker.stop();
