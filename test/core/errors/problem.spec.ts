import * as fc from "fast-check";
import {
  EntityNotFoundError,
  StoreUnavailableError,
  UnknownParkedEventError,
  UnusableStoreError,
  ValidationError,
} from "../../../core/errors/errors.ts";
import {
  asData,
  asProblem,
  brief,
  described,
  portable,
  safeText,
  show,
  type Problem,
} from "../../../core/errors/problem.ts";
import { UpcastFailedError } from "../../../core/catalogue/upcast-error.ts";

const maxBytes = 16 * 1024;

const bytesOf = ({ message, data }: { message: string; data?: unknown }) =>
  Buffer.byteLength(JSON.stringify({ message, data }));

const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

describe("What was found, in an error", () => {
  it.each<[unknown, string]>([
    ["x", '"x"'],
    ["x".repeat(61), `"${"x".repeat(60)}…" (61 long)`],
    [`${"x".repeat(59)}👍x`, `"${"x".repeat(59)}…" (62 long)`],
    [5n, "BigInt 5"],
    [10n ** 100_000n, "a BigInt of more than 60 digits"],
    [[1, 2], "an array of 2"],
    [{}, "an object"],
    [Promise.resolve(), "a Promise"],
    [
      new (class Money {
        readonly cents = 5;
      })(),
      "an instance of Money",
    ],
    [
      new (class {
        readonly cents = 5;
      })(),
      "an object with a prototype",
    ],
    [undefined, "undefined"],
  ])("is shown without its content: %#", (found, shown) => {
    expect(show(found)).toBe(shown);
  });

  it("has no quotes in our own words, whatever another node made of them", () => {
    const found = described('5000 values of "a"');
    const problems = [
      { field: "a", found, expected: "fewer" },
      { field: "b", found: "5000 values", expected: "fewer" },
      { field: "c", found: Promise.resolve(), expected: "none" },
    ];
    const error = new ValidationError(problems);
    const message =
      'a: found 5000 values of "a", expected fewer; b: found "5000 values", expected fewer; c: found a Promise, expected none';
    expect(error.message).toBe(message);
    const data = JSON.parse(JSON.stringify(error.data)) as ReturnType<typeof asData>;
    expect(data.map((problem) => problem.actual)).toEqual(['5000 values of "a"', "5000 values", "a Promise"]);
    expect(new ValidationError(data.map(asProblem)).message).toBe(message);
    expect(error.withoutValues().message).toBe(
      'a: found 5000 values of "a", expected fewer; b: found a string of 11 characters, expected fewer; c: found a Promise, expected none',
    );
    expect(show(described("a\0"))).toBe("a\\u0000");
    expect(show(described("x".repeat(1000))).length).toBeLessThanOrEqual(200);
  });

  it("is shown also where nothing of it can be read", () => {
    expect(show(revoked())).toBe("a Proxy");
  });

  it("is cut to 200 characters, once, and never in the middle of one", () => {
    const cut = portable("👍".repeat(500)) as string;
    expect(cut).toMatch(/^(👍)+… \(1000 long\)$/u);
    expect(cut.length).toBeLessThanOrEqual(200);
    expect(portable(cut)).toBe(cut);
    expect(brief("x".repeat(200))).toBe("x".repeat(200));
  });

  it("is never what throws", () => {
    const wrong = {
      toString: () => {
        throw new Error("no");
      },
    };
    expect(safeText(wrong)).toBe("a value that cannot be read");
    expect(safeText(revoked())).toBe("a value that cannot be read");
    expect(safeText(new Error("x".repeat(1000)))).toMatch(/^Error: x+… \(1007 long\)$/);
  });
});

describe("An error", () => {
  const nasty = fc.constantFrom("x", "\0", "\ud800", "漢", "👍", '"');
  const text = fc.tuple(nasty, fc.constantFrom(1, 30, 250, 5000)).map(([part, times]) => part.repeat(times));
  const found = fc.oneof(text, fc.bigInt(), fc.constant(undefined), fc.array(text, { maxLength: 3 }));
  const problem: fc.Arbitrary<Problem> = fc.record({ field: text, found, expected: text });

  it("takes at most 16 KB, whatever was wrong", () => {
    fc.assert(
      fc.property(fc.array(problem, { minLength: 1, maxLength: 40 }), (problems) => {
        expect(bytesOf(new ValidationError(problems))).toBeLessThan(maxBytes);
      }),
    );
  });

  it("lists 20 problems of one input, and the number of others", () => {
    const problems = Array.from({ length: 10_000 }, (_, index) => ({ field: `a.${index}`, found: 1, expected: "2" }));
    const { data, message } = new ValidationError(problems);
    expect(data).toHaveLength(21);
    expect((data as object[]).slice(19)).toMatchObject([
      { field: "a.19", actual: 1, expected: "2" },
      { field: "more", actual: 9980, message: "9980 more problems" },
    ]);
    expect(message).toMatch(/a\.19: found 1, expected 2; 9980 more problems$/);
    expect(asData(problems.slice(0, 20))).toHaveLength(20);
  });

  it("carries an engine's own words in brief", () => {
    const long = "x".repeat(10 ** 6);
    expect(bytesOf(new StoreUnavailableError("here", long))).toBeLessThan(maxBytes);
    expect(bytesOf(new UnusableStoreError("here", long))).toBeLessThan(maxBytes);
    expect(bytesOf(new UpcastFailedError({ id: "1", type: "a", position: 1, stream: "a" }, long, long))).toBeLessThan(
      maxBytes,
    );
    expect(bytesOf(new UnknownParkedEventError("table", { id: long, stream: long }))).toBeLessThan(maxBytes);
    expect(new StoreUnavailableError("here", "why").data).toEqual({ location: "here", why: "why" });
  });

  it("carries an id that was not found in brief", () => {
    const long = "x".repeat(10 ** 6);
    for (const id of [long, Array.from({ length: 10_000 }, () => long), { a: long }])
      expect(bytesOf(new EntityNotFoundError(id))).toBeLessThan(maxBytes);
    expect(new EntityNotFoundError("42").data).toEqual({ id: "42" });
    expect(new EntityNotFoundError(["42", 43]).data).toEqual({ id: ["42", 43] });
  });
});
