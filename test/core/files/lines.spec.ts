import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { linesOf, type Line, type LineOptions } from "../../../core/files/lines.ts";
import { openRegularFile } from "../../../core/files/regular-file.ts";
import { cleanUp, newFolder } from "../../support/broker.ts";

afterEach(cleanUp);

async function read(content: string | Buffer, options: LineOptions = { maxBytes: 1000 }): Promise<Line[]> {
  const path = `${newFolder()}/lines`;
  writeFileSync(path, content);
  const file = await openRegularFile(path);
  const lines: Line[] = [];
  try {
    for await (const line of linesOf(file, options)) lines.push(line);
    return lines;
  } finally {
    await file.close();
  }
}

const textsOf = (lines: readonly Line[]) => lines.map(({ text, error }) => error?.message ?? text);

describe("The lines of a file", () => {
  it("end at line feeds alone", async () => {
    const odd = "a\u2028b\u2029c\rd\u0085e\vf\fg";
    expect(textsOf(await read(`${odd}\n${odd}\r\n${odd}`))).toEqual([odd, odd, odd]);
  });

  it("have numbers that count blank ones too", async () => {
    expect((await read("\n \none\n\ntwo")).map(({ number, text }) => [number, text])).toEqual([
      [3, "one"],
      [5, "two"],
    ]);
  });

  it("may be longer than what is read at once", async () => {
    const long = "漢".repeat(300_000);
    expect(textsOf(await read(`${long}\nshort\n${long}\n`, { maxBytes: 2_000_000 }))).toEqual([long, "short", long]);
  });

  it("are refused from one on that is too long, ended or not", async () => {
    const refused = "line: found more than 10 bytes, expected at most 10";
    expect(textsOf(await read("one\n12345678901\nthree", { maxBytes: 10 }))).toEqual(["one", refused]);
    expect(textsOf(await read(`one\n${"x".repeat(1_000_000)}`, { maxBytes: 10 }))).toEqual(["one", refused]);
    expect(textsOf(await read("1234567890\n", { maxBytes: 10 }))).toEqual(["1234567890"]);
  });

  it("are refused from one on that is no UTF-8", async () => {
    const bytes = Buffer.concat([Buffer.from("one\n"), Buffer.from([0xff]), Buffer.from("\nthree")]);
    expect(textsOf(await read(bytes))).toEqual(["one", expect.stringContaining("bytes that are not UTF-8")]);
  });

  it("can be interrupted where there are none", async () => {
    const stop = () => {
      throw new Error("stopped");
    };
    await expect(read("\n".repeat(1_000_000), { maxBytes: 10, onChunk: stop })).rejects.toThrow("stopped");
  });
});

describe("A regular file", () => {
  it("is no link to one, no folder, no device and no FIFO, of which none is waited for", async () => {
    const folder = newFolder();
    writeFileSync(`${folder}/file`, "");
    symlinkSync(`${folder}/file`, `${folder}/link`);
    mkdirSync(`${folder}/folder`);
    execFileSync("mkfifo", [`${folder}/fifo`]);
    await (await openRegularFile(`${folder}/file`)).close();
    const code = (path: string) => openRegularFile(path).catch((error: NodeJS.ErrnoException) => error.code);
    expect(await code(`${folder}/link`)).toBe("ELOOP");
    expect(await code(`${folder}/folder`)).toBe("EISDIR");
    expect(await code(`${folder}/fifo`)).toBe("EINVAL");
    expect(await code("/dev/null")).toBe("EINVAL");
  });
});
