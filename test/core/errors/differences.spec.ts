import { differences } from "../../../core/errors/differences.ts";
import { inWords } from "../../../core/errors/problem.ts";

const words = (found: unknown, expected: unknown) => inWords(differences("a", found, expected));

describe("The differences between two values", () => {
  it("are none between equal ones, whatever the order of their keys", () => {
    expect(differences("", { a: [1, { b: null }], c: undefined }, { a: [1, { b: null }] })).toEqual([]);
    expect(differences("", { a: 1, b: 2 }, { b: 2, a: 1 })).toEqual([]);
  });

  it("are named by their place, with what each value has there", () => {
    const long = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`f${n}`, { type: "string", index: true }]));
    expect(words(long, { ...long, f77: { type: "string", index: false } })).toBe(
      "a.f77.index: found true, expected false",
    );
    expect(words([1, 2], [1, 3, 4])).toBe("a.1: found 2, expected 3; a.2: found none, expected 4");
    expect(words({ b: 1 }, { c: "x" })).toBe('a.b: found 1, expected none; a.c: found none, expected "x"');
    expect(words({ b: [] }, { b: {} })).toBe("a.b: found [], expected {}");
    expect(words({ ["__proto__"]: 1 }, {})).toBe("a.__proto__: found 1, expected none");
  });

  it("show a long text from shortly before the place where it differs", () => {
    const text = "x".repeat(500);
    const [problem] = differences("a", `${text}one${text}`, `${text}two${text}`);
    expect(problem!.expected).toBe(`…${"x".repeat(20)}two${"x".repeat(37)}…`);
    expect(words(`${text}one${text}`, `${text}two${text}`)).toContain(`found …${"x".repeat(20)}one`);
    expect(words(text, `${text}!`)).toBe(`a: found …${"x".repeat(20)}", expected …${"x".repeat(20)}!"`);
  });
});
