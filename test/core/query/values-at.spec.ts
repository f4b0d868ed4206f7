import { valuesAt } from "../../../core/query/values-at.ts";

const at = (path: string, value: unknown) => valuesAt(value, path.split("."));

describe("The values at a path", () => {
  it.each<[string, unknown, unknown[]]>([
    ["a", { a: 1 }, [1]],
    ["a", {}, []],
    ["a.b", { a: [{ b: 1 }, { b: 2 }, {}] }, [1, 2]],
    ["a.1", { a: [1, 2] }, [2]],
    ["a.5", { a: [1] }, [undefined]],
    ["0", [{ 0: "inside" }, "x"], [{ 0: "inside" }, "inside"]],
    ["a.b", { a: [[{ b: 1 }]] }, []],
    ["a.b", { a: "text" }, []],
    ["toString", {}, []],
  ])("of %s in %j are %j", (path, value, values) => expect(at(path, value)).toEqual(values));

  it("are found once where more ways than there are atoms lead to them", () => {
    let value: unknown = "leaf";
    for (let depth = 0; depth < 200; depth++) value = [{ 0: value }];
    expect(at(Array.from({ length: 300 }, () => "0").join("."), value)).toContain("leaf");
  });
});
