import { array, assert, constantFrom, property } from "fast-check";
import { compileRegex } from "../../../core/query/regex.ts";
import { UnsupportedRegexError } from "../../../core/query/regex-syntax.ts";

const matchesOf = (regex: Pick<RegExp, "source" | "flags">) => compileRegex(regex).test;

describe("A pattern", () => {
  it.each([
    [/^(a+)+$/, "a".repeat(30) + "b"],
    [/^(a|a)*$/, "a".repeat(40) + "b"],
    [/^(\w+\s?)*$/, "word ".repeat(40) + "!"],
    [/(.*)*,(.*)*,(.*)*,(.*)*,x/, ",".repeat(300)],
    [/^(?:a?){30}a{30}$/, "a".repeat(29)],
    [/(x+x+)+y/, "x".repeat(5000)],
  ])("%p takes linear time where a backtracking engine takes years", (regex, text) => {
    expect(matchesOf(regex)(text)).toBe(false);
  });

  const atoms =
    String.raw`a|b|K|\d|\w|\s|\S|\W|\D|.|[a-c]|[^a]|[\s,]|[\S]|[^\S\d]|[]|[^]|\b|\B|^|$|(?:a\|b)|(a)|\/|\.|\-|\u0041|\x41|\cJ|\t|\n|\0|[\b]|[\w-x]|[a-]|[-a]|[\d-x]|{|}|]|a{2}|a{1,2}|b*?|b+|a?|a{,2}|\a|\z|\Q|\u{2}|é|[à-ü]|[\]a]|[\\]|[*+]|\ud83d\ude00|x`
      .split(/(?<!\\)\|/)
      .map((atom) => atom.replace("\\|", "|"));
  const characters = [..."abKAB05_ /.-éÉ{}]x\\\0\bzQ,u\v\t\n\u00a0\ufeff", "😀"];

  it("that JavaScript accepts matches the same texts as JavaScript does", () => {
    const pattern = array(constantFrom(...atoms), { maxLength: 5 }).map((parts) => parts.join(""));
    const text = array(constantFrom(...characters), { maxLength: 6 }).map((parts) => parts.join(""));
    const flags = constantFrom("", "i", "m", "s", "im", "is", "u", "iu", "su");
    assert(
      property(pattern, flags, array(text, { minLength: 5, maxLength: 5 }), (source, flag, texts) => {
        let regex: RegExp;
        try {
          regex = new RegExp(source, flag);
        } catch {
          return;
        }
        // Without `u`, JavaScript matches single surrogates; here a pair is one character.
        const whole = flag.includes("u") ? texts : texts.map((one) => one.replaceAll("😀", ""));
        expect(whole.map(matchesOf(regex))).toEqual(whole.map((one) => regex.test(one)));
      }),
      { numRuns: 2000 },
    );
  });

  it.each<[RegExp, string[], string[]]>([
    [/a\/b/i, ["xA/By"], ["ab"]],
    [/(?<year>\d{4})-(?<month>\d\d)/, ["on 2026-01-31"], ["26-1"]],
    [/^.$/, ["😀", "é"], ["", "ab"]],
    [/^\p{Lu}\p{Letter}+$/u, ["Ärger"], ["ärger", "Ä1"]],
    [/\p{Script=Greek}/u, ["aΩ"], ["a"]],
    [/\u{1F600}/u, ["😀"], ["u"]],
    [/k/i, ["\u212a"], []],
    [/^\d$/, ["5"], ["x\n5", "5\n"]],
    [/^\db$/m, ["a\n5b\nc"], ["a5b"]],
    [/^b$/m, ["a\nb"], ["ab"]],
    [/a.c/s, ["a\nc"], []],
    [/a.c/, ["abc"], ["a\nc", "a\u2028c"]],
    [/(?:)/, ["", "x"], []],
    [/😀/, ["😀"], ["\ud83d", "😁"]],
  ])("%p matches what its reader expects", (regex, those, others) => {
    const test = matchesOf(regex);
    expect(those.filter(test)).toEqual(those);
    expect(others.filter(test)).toEqual([]);
  });

  it.each(["^ab", "ab$", "^ab$", "ab", "a\\.b", "a\\/b", "^", "$", ""])(
    "of plain text, %p, decides as the engine does",
    (source) => {
      const texts = ["", "ab", "xab", "abx", "xabx", "a.b", "a/b", "axb", "ab\n"];
      expect(texts.map(matchesOf({ source, flags: "" }))).toEqual(texts.map((text) => new RegExp(source).test(text)));
    },
  );

  it.each<[source: string, why: string, flags?: string]>([
    ["a(?=b)", "no look-ahead or look-behind"],
    ["a(?!b)", "no look-ahead or look-behind"],
    ["(?<=a)b", "no look-ahead or look-behind"],
    ["(?<!a)b", "no look-ahead or look-behind"],
    ["(a)\\1", "no back references"],
    ["(?<n>a)\\k<n>", "no back references"],
    ["a{1001}", "at most 1000 repetitions, not 1001"],
    ["(?:a{100}){100}", "at most 1000 characters with repetitions expanded"],
    ["a{900}b{900}", "at most 1000 characters with repetitions expanded"],
    ["[\\S]".repeat(100), "at most 1000 characters with repetitions expanded", "i"],
    ["[\\0-\\uffff]".repeat(60), "at most 1000 characters with repetitions expanded", "i"],
    ["\\c1", "a letter after \\c"],
  ])("%p is refused: %s", (source, why, flags = "") => {
    const compile = () => compileRegex({ source, flags });
    expect(compile).toThrow(UnsupportedRegexError);
    expect(compile).toThrow(why);
  });

  it("has the size that its repetitions have written out, plain text none", () => {
    const sizeOf = (source: string) => compileRegex({ source, flags: "" }).size;
    expect(sizeOf("a[ab]{900}[^ab]")).toBeGreaterThan(900);
    expect(sizeOf("a[ab]{9}[^ab]")).toBeLessThan(20);
    expect(sizeOf("abc".repeat(300))).toBe(0);
  });
});
