import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { cleanUp, newFolder } from "../support/broker.ts";

afterEach(cleanUp);

const script = fileURLToPath(new URL("./open-files-process.ts", import.meta.url));

type Outcomes = Record<string, unknown>;

/** A process with at most 128 open files; a shell sets the limit. */
function run(folder: string): { exhausted: Outcomes[]; afterwards: Outcomes } {
  const command = 'ulimit -n 128; exec "$0" --conditions=moleculer-event-sourcing:source "$1" "$2"';
  const said = execFileSync("sh", ["-c", command, process.execPath, script, folder], { encoding: "utf8" });
  return JSON.parse(said) as { exhausted: Outcomes[]; afterwards: Outcomes };
}

describe("A process that has opened as many files as it may, or a few fewer", () => {
  it("does what an action asks for, or refuses it as an outage, and does it when files are closed", () => {
    const { exhausted, afterwards } = run(newFolder());
    const ends = exhausted.flatMap((outcomes) => Object.entries(outcomes));
    expect(ends.filter(([, end]) => end !== "done" && end !== "unavailable")).toEqual([]);
    for (const action of ["backup", "export", "import", "snapshot", "verifyTable", "at"])
      expect(exhausted[0]).toHaveProperty(action, "unavailable");
    expect(new Set(Object.values(afterwards))).toEqual(new Set(["done"]));
  });
});
