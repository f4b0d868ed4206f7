import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { Errors, type BrokerOptions, type ServiceBroker } from "moleculer";
import { withoutPassword } from "../core/errors/without-password.ts";
import { Announced, lookingNode, nodesIn, openOn, type Open } from "./cluster-view.ts";
import { say } from "./say.ts";
import { parseDeployedArguments, UsageError } from "./usage.ts";

const lookEveryMs = 1000;
const stopMs = 1000;
/** So long only what does not come by itself: another node may take the work over meanwhile. */
const staysMs = 10_000;

/**
 * The command `deployed`: waits until the named nodes have started and need nothing more.
 * @throws UsageError; MoleculerError DEPLOY_NOT_FINISHED
 */
export async function deployedCommand(args: readonly string[]): Promise<void> {
  const { cluster, nodes, namespace, timeoutMs } = parseDeployedArguments(args);
  const endsAt = performance.now() + timeoutMs;
  const broker = lookingNode({ ...(await optionsOf(cluster)), ...(namespace !== undefined && { namespace }) });
  try {
    const connects = broker.start().then(() => true);
    if (!(await Promise.race([connects, pause(timeoutMs, false, { ref: false })])))
      throw unfinished(`found no connection to ${withoutPassword(cluster)}`);
    await untilNothingIsOpen(broker, nodes, endsAt);
  } finally {
    // A broker that has not connected never stops: it tries again for ever.
    await Promise.race([broker.stop(), pause(stopMs, undefined, { ref: false })]);
    setTimeout(() => process.exit(), stopMs).unref();
  }
}

async function untilNothingIsOpen(broker: ServiceBroker, nodes: readonly string[], endsAt: number): Promise<void> {
  const announced = new Announced();
  let said = "";
  let staysSince: number | null = null;
  for (; ; await pause(lookEveryMs)) {
    const open = await openOn(broker, nodes, announced);
    const needed = open.filter(({ kind }) => kind !== "paused");
    if (needed.length === 0) return say(`done: ${nodes.join(", ")}${pausedIn(open)}`);
    const lines = linesOf(needed);
    if (lines !== said) say(`waits:\n${lines}`);
    said = lines;
    const now = performance.now();
    staysSince = needed.every(({ kind }) => kind === "stays") ? (staysSince ?? now) : null;
    if (staysSince !== null && now - staysSince >= staysMs) throw unfinished(`this does not pass by itself:\n${lines}`);
    if (now > endsAt) throw unfinished(`the time is up; the nodes that are there: ${await listed(broker)}\n${lines}`);
  }
}

const linesOf = (open: readonly Open[]): string => open.map(({ of, why }) => `  ${of}: ${why}`).join("\n");

function pausedIn(open: readonly Open[]): string {
  return open.length === 0 ? "" : `; paused, call resume: ${open.map(({ of }) => of).join(", ")}`;
}

const listed = async (broker: ServiceBroker): Promise<string> => (await nodesIn(broker)).join(", ") || "none";

const unfinished = (message: string) =>
  new Errors.MoleculerError(`Not finished: ${message}`, 500, "DEPLOY_NOT_FINISHED");

/** @param cluster a file with broker options, as moleculer-runner takes it, or the URL of a NATS server */
async function optionsOf(cluster: string): Promise<BrokerOptions> {
  if (cluster.startsWith("nats://")) return { transporter: { type: "NATS", options: { url: cluster } } };
  const refuse = (found: string) =>
    new UsageError(`deployed: <cluster>: found ${found}, expected a file with broker options, or nats://<host>:<port>`);
  const path = resolve(cluster);
  if (!existsSync(path)) throw refuse(`no file ${withoutPassword(cluster)}`);
  const attributes = path.endsWith(".json") ? { with: { type: "json" } } : {};
  const { default: options } = (await import(pathToFileURL(path).href, attributes)) as { default: unknown };
  const found = (typeof options === "function" ? await (options as () => unknown)() : options) as BrokerOptions | null;
  if (typeof found !== "object" || !found?.transporter) throw refuse(`no transporter in ${cluster}`);
  return found;
}
