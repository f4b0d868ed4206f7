import { compareText } from "../../../core/text/text-order.ts";

describe("The order of texts", () => {
  // U+FF5A is one UTF-16 unit above the surrogates of the others, but its UTF-8 bytes sort before theirs.
  const texts = [
    "",
    "a",
    "A",
    "ab",
    "a\0",
    "é",
    "e\u0301",
    "日本",
    "\ud7ff",
    "\ue000",
    "ｚ",
    "😀",
    "😁",
    "a😀",
    "aｚ",
    "𐀀",
  ];

  it("is that of their bytes in UTF-8", () => {
    const byBytes = texts.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(texts.toSorted(compareText)).toEqual(byBytes);
    expect(texts.toReversed().toSorted(compareText)).toEqual(byBytes);
    expect(texts.toSorted()).not.toEqual(byBytes);
  });

  it("knows equal texts", () =>
    expect(texts.map((text) => compareText(text, Buffer.from(text).toString()))).toEqual(texts.map(() => 0)));
});
