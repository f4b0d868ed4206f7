import { assert, constantFrom, property, string } from "fast-check";
import { withoutPassword } from "../../../core/errors/without-password.ts";

describe("A text without the passwords of its URLs", () => {
  it.each([
    ["postgress://shop:secret@127.0.0.1/shop", "postgress://shop:***@127.0.0.1/shop"],
    ["postgres:/shop:secret@host/db", "postgres:/shop:***@host/db"],
    ["postgres:shop:secret@host/db", "postgres:***@host/db"],
    ["shop:secret@host/db", "shop:***@host/db"],
    ["postgres://shop:se/cr?e#t@host/db", "postgres://shop:***@host/db"],
    ["postgres://shop:se cr@et@host/db", "postgres://shop:***@host/db"],
    ["postgres://shop:secret", "postgres://shop:***"],
    ["postgres://shop:12secret/db", "postgres://shop:***"],
    ["nats://secret@host:4222", "nats://***@host:4222"],
    ["nats://one:4222,ann:secret@two:4222", "nats://one:***@two:4222"],
    ["postgres://host/db?user=shop&password=secret", "postgres://host/db?user=shop&password=***"],
    [
      "mongodb://host/?tlsCertificateKeyFilePassword=secret&w=1",
      "mongodb://host/?tlsCertificateKeyFilePassword=***&w=1",
    ],
    ["postgres://host/db?listen=postgres://shop:secret@host/db", "postgres://***@host/db"],
  ])("of %s is %s", (text, shown) => {
    expect(withoutPassword(text)).toBe(shown);
  });

  it.each(["", "data/x.db", "oracle://db", "nats://one:4222,two:4222", "nats://[::1]:4222/", "at 12:30", "ann@host"])(
    "of %s, which has none, is the same",
    (text) => expect(withoutPassword(text)).toBe(text),
  );

  it("has none whatever the password is", () => {
    assert(
      property(string({ minLength: 1 }), constantFrom("://", ":/", ":"), (password, slashes) => {
        expect(withoutPassword(`postgres${slashes}shop:${password}@host/db`)).toMatch(
          /^postgres(:\/\/?shop)?:\*\*\*@host\/db$/,
        );
      }),
    );
  });
});
