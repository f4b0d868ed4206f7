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
    expect(error).toMatchObject({ type: "DEFINITION", code: 500 });
    expect(error.message).toMatch(why);
  });

  it.each([
    ["postgres:///shop?host=%2Frun%2Fpostgresql", "postgres:///run/postgresql/shop"],
    ["postgres://ann@/shop?host=/run/postgresql", "postgres:///run/postgresql/shop"],
    ["postgres://%2Frun%2Fpostgresql/shop", "postgres://%2Frun%2Fpostgresql/shop"],
    ["socket:/run/postgresql?db=shop", "postgres:///run/postgresql/shop"],
    ["socket://ann:secret@/run/postgresql?db=shop&encoding=utf8", "postgres:///run/postgresql/shop"],
    ["/run/postgresql shop", "postgres:///run/postgresql/shop"],
  ])("may be that of a socket: %s", (address, location) => {
    expect(postgres(address).location).toBe(location);
  });

  it("keeps a socket's form if it contains options of ours", () => {
    const given = "postgres://ann@/shop?host=/run/postgresql&schema=orders&timeoutMs=500";
    expect(postgresFromString(given).location).toBe("postgres:///run/postgresql/shop#orders");
  });

  it.each(["postgres://ann:12/34@db/shop", "postgres://ann:12#34@db/shop", "postgres://ann:12?34@db/shop"])(
    "says how its password is written where it ends early: %s",
    async (address) => {
      const { message } = await refusal(() => postgres(address));
      expect(message).toMatch(/in a password write @ : \/ \? # % as encodeURIComponent does$/);
      expect(message).not.toContain("34");
    },
  );

  it.each<[object, RegExp]>([
    [{ max: 1 }, /adapter.driver.max: found 1, expected a whole number from 2/],
    [{ host: "db" }, /adapter.driver.host: found "host", expected it in the URL/],
    [{ types: {} }, /adapter.driver.types: found "types", expected none/],
  ])("is refused with the options %j for the driver", async (connection, why) => {
    const error = await refusal(() => postgres("postgres://db/shop", { driver: connection }));
    expect(error).toMatchObject({ type: "DEFINITION", code: 500 });
    expect(error.message).toMatch(why);
  });

  it.each(["public", "pg_events"])("is refused with a store or a table of the name %s and no schema", async (name) => {
    for (const define of [
      () => postgres("postgres://db/shop").eventLog!(name),
      () => postgres("postgres://db/shop").beside!(name),
    ]) {
      const error = await refusal(define);
      expect(error.message).toMatch(/adapter: found "p.+", expected .*the option `schema` or the name of the store/);
      expect(error.data).toMatchObject([{ field: "adapter" }]);
    }
  });
});
