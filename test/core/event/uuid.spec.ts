import { assert, constantFrom, nat, property, string, tuple } from "fast-check";
import { v5, v7, validate } from "uuid";
import { newEventId } from "../../../core/event/event-id.ts";
import { isUuid, uuidOf, uuidOfName } from "../../../core/event/uuid.ts";

const namespace = "4a3dd1c6-50b9-5f0e-9c1c-6f7b1d8a2e57";

describe("A UUID", () => {
  it("of a name is that of the package uuid", () => {
    assert(
      property(string({ unit: "binary" }), (name) => expect(uuidOfName(name, namespace)).toBe(v5(name, namespace))),
    );
  });

  it("of an event is laid out as by the package uuid", () => {
    for (let n = 0; n < 1000; n++) {
      const id = newEventId();
      const bytes = Uint8Array.from(Buffer.from(id.replaceAll("-", ""), "hex"));
      const view = new DataView(bytes.buffer);
      const msecs = Number(view.getBigUint64(0) >> 16n);
      const seq =
        (view.getUint16(6) << 20) | ((bytes[8]! & 0x3f) << 14) | (bytes[9]! << 6) | ((bytes[10]! >> 2) & 0x3f);
      expect(v7({ random: bytes.slice(), msecs, seq: seq >>> 0 })).toBe(id);
      expect(uuidOf(bytes, 7)).toBe(id);
    }
  });

  it("is told from other texts as by the package uuid", () => {
    const text = "0198c5a2-5f00-7000-8000-000000000000";
    const altered = tuple(nat(text.length - 1), constantFrom(..."0189abfgF-x "));
    const texts = [text, text.toUpperCase(), text.replace(/\w/g, "0"), text.replace(/\w/g, "f"), "", `${text}0`];
    for (const one of texts) expect(isUuid(one)).toBe(validate(one));
    assert(
      property(altered, ([index, digit]) => {
        const other = text.slice(0, index) + digit + text.slice(index + 1);
        expect(isUuid(other)).toBe(validate(other));
      }),
    );
  });
});
