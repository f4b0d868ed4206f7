import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { NewFile } from "../../../core/files/new-file.ts";
import { cleanUp, newFolder, refusal } from "../../support/broker.ts";

afterEach(cleanUp);

const taken = (path: string) => ({
  type: "VALIDATION_ERROR",
  code: 422,
  data: [{ field: "to", actual: path, expected: "a path that does not exist yet: nothing is overwritten" }],
});

describe("A new file", () => {
  it("gets its name when it is whole, and its folder is made", async () => {
    const folder = `${newFolder()}/a/b`;
    const path = `${folder}/file`;
    const file = await NewFile.at("to", path);
    writeFileSync(file.temporary, "whole");
    expect(existsSync(path)).toBe(false);
    await file.place();
    expect(readFileSync(path, "utf8")).toBe("whole");
    expect(readdirSync(folder)).toEqual(["file"]);
  });

  it("leaves nothing where it is discarded", async () => {
    const folder = newFolder();
    const file = await NewFile.at("to", `${folder}/file`);
    await file.discard();
    await file.discard();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("is refused at once where something stands already, be it a folder or a link to nowhere", async () => {
    const folder = newFolder();
    writeFileSync(`${folder}/file`, "precious");
    mkdirSync(`${folder}/folder`);
    symlinkSync(`${folder}/nowhere`, `${folder}/link`);
    for (const name of ["file", "folder", "link"])
      expect(await refusal(() => NewFile.at("to", `${folder}/${name}`))).toMatchObject(taken(`${folder}/${name}`));
    expect(readdirSync(folder)).toEqual(["file", "folder", "link"]);
  });

  it("never takes the place of what came meanwhile", async () => {
    const folder = newFolder();
    const file = await NewFile.at("to", `${folder}/file`);
    writeFileSync(`${folder}/file`, "precious");
    expect(await refusal(() => file.place())).toMatchObject(taken(`${folder}/file`));
    expect(readFileSync(`${folder}/file`, "utf8")).toBe("precious");
    expect(readdirSync(folder)).toEqual(["file"]);
  });

  it("is refused where nothing can be written, naming the field", async () => {
    const folder = newFolder();
    writeFileSync(`${folder}/file`, "");
    for (const path of [`${folder}/file/x`, `${folder}/${"x".repeat(300)}`, `${folder}/\0`])
      expect(await refusal(() => NewFile.at("to", path))).toMatchObject({
        type: "VALIDATION_ERROR",
        data: [{ field: "to", expected: expect.stringContaining("a path that can be written (E") as string }],
      });
  });
});
