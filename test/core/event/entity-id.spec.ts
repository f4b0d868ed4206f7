import { entityIdOf } from "../../../core/event/entity-id.ts";
import { refusal } from "../../support/broker.ts";

describe("The id of a stream's entity", () => {
  it.each<[string, string, (id: string) => string]>([
    ["account-42", "42", (id) => `account-${id}`],
    ["account-a-b", "a-b", (id) => `account-${id}`],
    ["bank-account-a-b", "a-b", (id) => `bank-account-${id}`],
    ["account-x", "x", (id) => `account-${id.toLowerCase()}`],
    ["account-42-eu", "42", (id) => `account-${id}-eu`],
    ["other-7", "7", (id) => `account-${id}`],
  ])("of %s is %s", (stream, id, streamOf) => {
    expect(entityIdOf(stream, streamOf)).toBe(id);
  });

  it("is refused where the stream's name has none, and found by a rule that needs no category", async () => {
    expect(await refusal(() => entityIdOf("plain", (id) => `account-${id}`))).toMatchObject({
      type: "VALIDATION_ERROR",
    });
    expect(entityIdOf("plain", (id) => id)).toBe("plain");
  });

  it("is found where the rule throws for other texts", () => {
    const streamOf = (id: string) => {
      if (!/^\d+$/.test(id)) throw new Error("no number");
      return `big-account-${id}`;
    };
    expect(entityIdOf("big-account-42", streamOf)).toBe("42");
  });
});
