import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const otherProcess = fileURLToPath(new URL("./sqlite-process.ts", import.meta.url));
const children: ChildProcess[] = [];

export interface Child {
  /** "hosted", or the error of its refusal. */
  said: unknown;
  kill: () => Promise<void>;
}

/** Starts a process that hosts the file; for a log, after appends of one event with a text of this length. */
export async function hostElsewhere(kind: "log" | "table", file: string, appends = 1, characters = 0): Promise<Child> {
  const child = spawn(process.execPath, [otherProcess, kind, file, String(appends), String(characters)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  children.push(child);
  for await (const line of createInterface({ input: child.stdout }))
    return { said: JSON.parse(line) as unknown, kill: () => killed(child) };
  throw new Error("the other process said nothing");
}

/** Call it in `afterEach`. */
export async function killHosts(): Promise<void> {
  for (const child of children.splice(0)) await killed(child);
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}
