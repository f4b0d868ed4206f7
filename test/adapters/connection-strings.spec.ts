import { engines } from "../../adapters/engines.ts";
import { mongodb } from "../../adapters/mongodb/mongodb.ts";
import { nats } from "../../adapters/nats/nats.ts";
import { postgres } from "../../adapters/postgres/postgres.ts";
import { sqlite } from "../../adapters/sqlite/sqlite.ts";
import { resolveAdapter } from "../../core/adapter.ts";
import { refusal } from "../support/broker.ts";

const named = (given: string) => resolveAdapter(engines, given);

describe("A connection string", () => {
  it.each([
    ["has a misspelt scheme", "postgress://shop:secret@host/shop"],
    ["has no scheme", "shop:secret@host/shop"],
    ["has one slash", "postgres:/shop:secret@host/db"],
    ["has no slash", "postgres:shop:secret@host/db"],
    ["has three slashes", "postgres:///shop:secret@host/db"],
    ["has no host", "postgres://shop:secret"],
    ["has a slash in its password", "postgres://shop:12/secret@host/db"],
    ["has a # in its password", "postgres://shop:12#secret@host/db"],
    ["has a second URL that is none", "postgres://host/db?listen=nats://ann:secret@there"],
    ["has one slash", "mongodb:/shop:secret@host/db"],
    ["has a slash in its password", "mongodb://shop:12/secret@host/db"],
    ["has a ? in its password", "mongodb://shop:x?secret@host/db"],
    ["has an @ in its password", "mongodb://shop:x@secret@host/db"],
    ["has no slash", "nats:shop:secret@host"],
    ["has a slash in its password", "nats://shop:x/secret@host"],
    ["has a ? in its password", "nats://shop:secret?x@host"],
    ["has a % in its password", "nats://shop:secret%@host"],
    ["has a server without slashes", "nats://one,ann:secret@two"],
    ["is of a file", "sqlite://shop:secret@host/db"],
    ["names one place in memory", `memory:shop:secret@host/${"x".repeat(255)}`],
  ])("that %s is refused, and shows no password: %s", async (_, given) => {
    const error = await refusal(() => named(given));
    expect(error).toMatchObject({ code: 500, retryable: false });
    expect(error.data).toMatchObject([{ actual: expect.stringContaining("***") as string }]);
    expect(JSON.stringify([error.message, error.data, error.stack])).not.toMatch(/secret|x@host|%@/);
  });

  it.each([
    ["postgres:/host/db", /adapter: found "postgres:\/host\/db", expected postgres:\/\/user:password@host:port\/data/],
    ["postgres://db/shop?shema=zzz", /adapter.shema: found "shema", expected one of the options schema, timeoutMs, /],
    ["postgres://db/shop?timeoutms=5", /adapter.timeoutms: found "timeoutms", expected one of the options schema, /],
    ["postgres://db/shop?timeoutMs=x", /adapter.timeoutMs: found "x", expected a whole number from 1/],
    ["postgres://db/shop?timeoutMs=", /adapter.timeoutMs: found "", expected a whole number from 1/],
    ["postgres://db/shop?folder=", /adapter.folder: found "", expected the path of a folder/],
    ["postgres://db/shop?listen=postgres:db", /adapter.listen: found "postgres:db", expected postgres:\/\//],
    [
      "postgres://db/shop?listen=postgres://db?sslmod=x",
      /adapter.listen.sslmod: found "sslmod", expected one of the o/,
    ],
    ["mongodb://host/shop?folder=", /adapter.folder: found "", expected the path of a folder/],
    ["mongodb://host:port/shop", /adapter: found "mongodb:\/\/host:\*\*\*", expected the URL of a server/],
    ["nats://host?folder=", /adapter.folder: found "", expected the path of a folder/],
    ["nats://host?replicas=x", /adapter.replicas: found "x", expected 1, 3 or 5/],
    ["nats://host?replicas=2", /adapter.replicas: found 2, expected 1, 3 or 5/],
    [
      "nats://host?replica=3",
      /adapter.replica: found "replica", expected one of the options replicas, prefix, folder, /,
    ],
    ["nats://host?domain=a.b", /adapter.domain: found "a.b", expected the name of a domain, without dots/],
    ["nats://host?apiPrefix=a..b", /adapter.apiPrefix: found "a..b", expected a prefix of subjects/],
    ["nats://host?apiPrefix=a&domain=b", /adapter.apiPrefix: found "a", expected none together with a domain/],
    ["nats://host?driver=x", /adapter.driver: found "x", expected an object for the driver's connect/],
    ["nats:host", /adapter: found "nats:host", expected servers like nats:\/\/localhost:4222/],
    ["sqlite:x.db?durabilty=power", /adapter.durabilty: found "durabilty", expected one of the options durability/],
    ["sqlite://data/y.db", /expected sqlite:data\/y.db, or sqlite:\/data\/y.db for an absolute path/],
    ["sqlite:///data/y.db", /expected sqlite:data\/y.db, or sqlite:\/data\/y.db for an absolute path/],
    ["sqlite://", /expected sqlite:data\/orders.db, or sqlite:\/data\/orders.db for an absolute path/],
    ["memory:shop?name=x", /adapter.name: found "name", expected no options/],
  ])("%s is refused", async (given, why) => {
    const error = await refusal(() => named(given));
    expect(error).toMatchObject({ type: "DEFINITION", code: 500, retryable: false });
    expect(error.message).toMatch(why);
  });

  it("passes the driver's own options to the driver", () => {
    const known =
      "sslmode=verify-full&channel_binding=require&application_name=shop&connectionTimeoutMillis=5&host=%2Frun";
    for (const [given, location] of [
      [`postgres://shop:secret@db:5433/shop?${known}&schema=orders`, "postgres://db:5433/shop#orders"],
      ["postgresql:///shop", "postgres:///shop"],
      ["mongodb://shop:secret@b:27018,a,[::1]:1/shop?w=1", "mongodb://[::1]:1,a,b:27018/shop"],
      ["mongodb+srv://shop:secret@host?appName=x", "mongodb+srv://host/moleculer_event_sourcing"],
      ["nats://ann:a%2Fb@b:1,a?replicas=3&prefix=x", "nats://a,b:1/x"],
      ["nats://host?domain=hub&prefix=x", "nats://host/hub/x"],
    ] as const)
      expect(named(given).location).toBe(location);
  });
});

describe("An engine's factory", () => {
  it.each<[string, () => unknown]>([
    ["shema", () => postgres("postgres://db/shop", { shema: "x" } as object)],
    ["replica", () => nats("nats://host", { replica: 3 } as object)],
    ["synchronus", () => sqlite("x.db", { synchronus: "NORMAL" } as object)],
    ["foldr", () => mongodb("mongodb://host", { foldr: "x" } as object)],
  ])("refuses the option %s, which is none", async (option, make) => {
    const error = await refusal(make);
    expect(error).toMatchObject({ type: "DEFINITION", code: 500 });
    expect(error.message).toMatch(`adapter.${option}: found "${option}", expected one of the options `);
  });

  it("refuses an option in the address that belongs beside it", async () => {
    const error = await refusal(() => postgres("postgres://db/shop?schema=x"));
    expect(error.message).toBe('adapter.schema: found "schema", expected it in the options of the factory');
    expect(() => nats("nats://host?replicas=3")).toThrow(
      /adapter: found "nats:\/\/host\?replicas=3", expected servers/,
    );
  });
});
