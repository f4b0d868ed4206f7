import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

describe("The contract suite", () => {
  it("runs under node:test as well, and fails there where a law is broken", async () => {
    const options = ["--conditions=moleculer-event-sourcing:source", "--test", "--test-reporter=tap"];
    const child = spawn(process.execPath, [...options, fileURLToPath(new URL("./node-test.ts", import.meta.url))], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [output, [code]] = await Promise.all([text(child.stdout), once(child, "exit")]);
    const of = (verdict: string) =>
      [...output.matchAll(/^ +(not ok|ok) \d+ - (.*?)$/gm)].flatMap(([, said, name]) =>
        said === verdict ? [name] : [],
      );
    expect(code).toBe(1);
    expect(of("not ok")).toEqual(["A log's port has the capabilities that were declared for it"]);
    expect(of("ok")).toEqual(
      expect.arrayContaining([
        "A commit may be empty",
        "A log whose host is killed keeps all acknowledged events, once and without a hole",
        "A table whose host is killed keeps complete batches, rows and checkpoint alike, and all acknowledged ones",
      ]),
    );
  });
});
