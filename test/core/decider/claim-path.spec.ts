import { assertClaimPath, valueAt } from "../../../core/decider/claim-path.ts";
import { refusal } from "../../support/broker.ts";

const schema = {
  email: "email",
  contact: { $$type: "object|optional", phone: "string" },
  address: { type: "object", props: { city: "string" } },
  labels: { type: "object", strict: false, props: { a: "string" } },
  tags: { type: "array", items: "string" },
};

describe("A claim's path", () => {
  it.each(["email", "contact.phone", "address.city", "labels.any", "tags"])(
    "%s may be one of the payload's",
    (path) => {
      expect(() => assertClaimPath("at", path, schema)).not.toThrow();
      expect(() => assertClaimPath("at", path, undefined)).not.toThrow();
    },
  );

  it.each([
    ["", /path into the payload, such as "email"/],
    ["contact..phone", /path into the payload/],
    [".email", /path into the payload/],
    ["payload.email", /expected "email": a path starts in the payload/],
    ["emial", /"emial" is one of email, contact, address, labels, tags.*email/],
    ["contact.fax", /"fax" is one of phone/],
    ["address.town", /"town" is one of city/],
  ])("%j is refused", async (path, message) => {
    expect(await refusal(() => assertClaimPath("at", path, schema))).toMatchObject({
      type: "DEFINITION",
      message: expect.stringMatching(message) as string,
      data: [{ field: "at", actual: path }],
    });
  });

  it("may lead into a payload whose schema does not name its fields", () => {
    for (const open of [{ $$strict: false, a: "string" }, { $$root: true, type: "any" }, ["string", "object"]])
      expect(() => assertClaimPath("at", "email", open)).not.toThrow();
  });

  it("leads to a value, or to none where a field is absent", () => {
    const payload = { email: "a@b", contact: { phone: 7 }, gone: null };
    expect(valueAt("at", "email", payload)).toBe("a@b");
    expect(valueAt("at", "contact.phone", payload)).toBe(7);
    for (const path of ["fax", "gone", "gone.number", "contact.fax", "constructor", "contact.toString"])
      expect(valueAt("at", path, payload) ?? null).toBe(null);
  });

  it("is refused where it passes through something that is no object", async () => {
    for (const contact of ["x", 5, ["y"]])
      expect(await refusal(() => valueAt("at", "contact.phone", { contact }))).toMatchObject({
        type: "INVALID_DECISION",
        data: [{ field: "at", expected: "an object with phone" }],
      });
  });
});
