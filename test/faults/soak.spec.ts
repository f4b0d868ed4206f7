import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { times } from "../support/times.ts";

const program = fileURLToPath(new URL("./soak/soak.ts", import.meta.url));
const seconds = times(120, 40);
/** On any machine, each run takes its rounds of work. */
const timeoutMs = 1_200_000;

/** `npm run soak` for a shorter time: how it ended, and what it printed. */
const soak = (...args: string[]) =>
  new Promise<{ code: unknown; table: string }>((resolve) => {
    const options = ["--expose-gc", "--conditions=moleculer-event-sourcing:source"];
    execFile(process.execPath, [...options, program, String(seconds), ...args], (error, stdout, stderr) =>
      resolve({ code: error ? error.code : 0, table: `${stdout.split("\n\n").slice(1).join("\n\n")}${stderr}` }),
    );
  });

describe("A node under mixed load", () => {
  it(
    "keeps its memory, descriptors, files and control state where they are",
    async () => {
      const { code, table } = await soak();
      expect(table).not.toContain("HAS GROWN");
      expect(table).not.toContain("fault:");
      expect(code).toBe(0);
    },
    timeoutMs,
  );

  it(
    "is found to grow if it keeps each event, and a descriptor of each chore",
    async () => {
      const { code, table } = await soak("leak");
      expect(table).toMatch(/heap .* HAS GROWN/);
      expect(table).toMatch(/descriptors .* HAS GROWN/);
      expect(code).toBe(1);
    },
    timeoutMs,
  );
});
