import { symlinkSync, writeFileSync } from "node:fs";
import { jsonLinesOf, verifyLines } from "../../adapters/parts/json-lines.ts";
import { cleanUp, newFolder, refusal } from "../support/broker.ts";

afterEach(cleanUp);

describe("A file of JSON lines that was just written", () => {
  const fileOf = (content: string) => {
    const path = `${newFolder()}/rows.jsonl`;
    writeFileSync(path, content);
    return path;
  };

  it("is proved by reading it", async () => {
    await verifyLines(fileOf('{"text":"a\u2028b"}\n["c"]\n'), 2);
    for (const [content, why] of [
      ['{"a":1}\n', "found 1 lines, expected 2"],
      ['{"a":1}\n{"b":\n', "line 2: found no JSON"],
      ['{"a":1}\n{"b":2', "line 2: found no JSON"],
      ["1\n2\n3\n", "found 3 lines, expected 2"],
    ] as const)
      expect(await refusal(() => verifyLines(fileOf(content), 2))).toMatchObject({
        type: "SNAPSHOT_DAMAGED",
        message: expect.stringContaining(why),
      });
  });

  it("gives the event loop turns while it is read", async () => {
    const path = fileOf(`${JSON.stringify({ text: "x".repeat(200) })}\n`.repeat(100_000));
    const state = { turns: 0, isOver: false };
    const count = () => {
      state.turns++;
      if (!state.isOver) setImmediate(count);
    };
    setImmediate(count);
    for await (const _ of jsonLinesOf(path)) continue;
    state.isOver = true;
    expect(state.turns).toBeGreaterThan(10);
  });

  it("is not read through a link", async () => {
    const path = fileOf("1\n");
    symlinkSync(path, `${path}.link`);
    expect(await refusal(() => verifyLines(`${path}.link`, 1))).toMatchObject({ type: "SNAPSHOT_DAMAGED" });
  });
});
