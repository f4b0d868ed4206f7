import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

const file = fileURLToPath(new URL("./other-runners.ts", import.meta.url));
const options = ["--conditions=moleculer-event-sourcing:source", "--test", "--test-reporter=spec"];

describe("Scenarios under node:test", () => {
  let output = "";
  beforeAll(async () => {
    output = await new Promise<string>((end) =>
      execFile(process.execPath, [...options, file], (_error, stdout) => end(stdout)),
    );
  });

  it("pass and fail", () => {
    expect([...output.matchAll(/^(✔|✖) ([\w ]+) \(/gm)].map(([, verdict, name]) => `${verdict} ${name}`)).toEqual(
      expect.arrayContaining(["✔ right", "✖ other events", "✖ refused", "✖ forgotten"]),
    );
  });

  it("show the difference, and the line of the test", () => {
    expect(output).toMatch(
      /AssertionError \[ERR_ASSERTION\]: counter\.raise decides other events than expected\s+\+ found - expected[^]*\+ +by: 1\n *- +by: 2[^]*?at .*other-runners\.ts:25/,
    );
  });

  it("show what a command is refused by, and where", () => {
    expect(output).toMatch(
      /AssertionError \[ERR_ASSERTION\]: counter\.raise is refused: RangeError: too much[^]*cause: RangeError: too much\n.*at .*other-runners\.ts:13/,
    );
  });

  it("say that an expectation is missing", () => {
    expect(output).toContain("a scenario was awaited without an expectation: end it with then(…)");
  });
});
