import { existsSync, mkdirSync, renameSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

const cache = fileURLToPath(new URL("../../node_modules/.cache/moleculer-event-sourcing/", import.meta.url));

/** The path of a program that `build` writes to the given path, once for all runs. `name` contains its version. */
export async function builtOnce(name: string, build: (file: string) => Promise<unknown>): Promise<string> {
  const built = `${cache}${name}`;
  if (existsSync(built)) return built;
  mkdirSync(dirname(built), { recursive: true });
  // Several spec files may build it at once: a rename makes the complete program visible to each of them.
  const own = `${built}.${process.pid}`;
  await build(own);
  renameSync(own, built);
  return built;
}
