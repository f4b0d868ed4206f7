import { postgresFromString } from "../../adapters/postgres/connection-string.ts";
import { postgres } from "../../adapters/postgres/postgres.ts";
import { refusal } from "../support/broker.ts";

describe("The address of a PostgreSQL database", () => {
  it("names a place without its user and password", () => {
    const { engine, location } = postgresFromString("postgres://ann:secret@db:5433/shop?sslmode=require");
    expect({ engine, location }).toEqual({ engine: "postgres", location: "postgres://db:5433/shop" });
    expect(postgresFromString("postgresql://db/shop?schema=orders").location).toBe("postgres://db/shop#orders");
    expect(postgres("postgres://db/shop").beside!("table").location).toBe("postgres://db/shop#table");
  });

  it("says what it declares", () => {
    const adapter = postgresFromString("postgres://db/shop?durability=process&timeoutMs=500");
    expect(adapter.eventLog!("log").capabilities).toEqual({ durability: "process", hosts: "many", backup: false });
    expect(adapter.readTable!("table").capabilities).toEqual({
      durability: "process",
      hosts: "many",
      atomicBatch: true,
    });
  });

  it.each([
    ["mysql://db/shop", /adapter: found "mysql:\/\/db\/shop", expected postgres:\/\/user:password@host:port\/database/],
    ["postgres://a:secret@", /adapter: found "postgres:\/\/a:\*\*\*@", expected/],
    ["postgres://db/shop?timeoutMs=soon", /adapter.timeoutMs: found "soon", expected a whole number from 1/],
    ["postgres://db/shop?durability=none", /adapter.durability: found "none", expected power or process/],
    ["postgres://db/shop?schema=public", /adapter.schema: found "public", expected the name of a schema of its own/],
  ])("is refused where it is %s", async (address, why) => {
    const error = await refusal(() => postgresFromString(address));
    expect(error).toMatchObject({ type: "DEFINITION", code: 422 });
    expect(error.message).toMatch(why);
  });

  it("is refused with a store whose name is too long for a schema", async () => {
    const error = await refusal(() => postgres("postgres://db/shop").eventLog!("x".repeat(64)));
    expect(error.message).toMatch(
      /adapter: found "x+…" \(64 long\), expected .*the option `schema` or the name of the store or table.*, of at most 63 bytes/,
    );
    expect(error.data).toMatchObject({ field: "adapter" });
  });
});
