import { moleculerDb } from "../../adapters/moleculer-db/moleculer-db.ts";
import { parseFields } from "../../core/rows/fields.ts";
import { newNeDb, onDisk } from "../contract/nedb-port.ts";
import { cleanUp, newFolder, refusal } from "../support/broker.ts";

const fields = parseFields("table", { name: "string" });

describe("A fenced adapter", () => {
  afterEach(cleanUp);

  it("is refused where it lacks methods that a table needs, which are named", async () => {
    const lacking = { init() {}, connect() {}, find() {}, insert() {}, insertMany() {}, updateMany() {} };
    const error = await refusal(() => moleculerDb(() => lacking).readTable!("table").open(fields));
    expect(error).toMatchObject({ type: "UNUSABLE_STORE", retryable: false });
    expect(error.message).toMatch(/found an adapter without count, removeMany, expected/);
    const none = await refusal(() => moleculerDb(() => undefined).readTable!("table").open(fields));
    expect(none.message).toMatch(/without init, connect, find/);
  });

  it("is an outage while it cannot connect, and keeps nothing from the next try", async () => {
    let tries = 0;
    const adapter = moleculerDb(() => ({
      init() {},
      async connect() {
        tries++;
        throw new Error("nobody there");
      },
      find() {},
      count() {},
      insert() {},
      insertMany() {},
      updateMany() {},
      removeMany() {},
    }));
    for (const expected of [1, 2]) {
      const error = await refusal(() => adapter.readTable!("table").open(fields));
      expect(error).toMatchObject({ type: "STORE_UNAVAILABLE", retryable: true });
      expect(error.message).toMatch(/nobody there/);
      expect(tries).toBe(expected);
    }
  });

  it("is refused where it does not look at the conditions of an update", async () => {
    const adapter = moleculerDb(() => {
      const real = newNeDb();
      const update = real.updateMany.bind(real);
      real.updateMany = ({ _id }, values) => update({ _id }, values);
      return real;
    });
    const error = await refusal(() => adapter.readTable!("table").open(fields));
    expect(error).toMatchObject({ type: "UNUSABLE_STORE", retryable: false });
    expect(error.message).toMatch(
      /found an adapter that updates an entity that does not match the condition, expected/,
    );
  });

  it("keeps one table in a file, and refuses a second", async () => {
    const adapter = onDisk(newFolder());
    const one = adapter.readTable!("one");
    await one.open(fields);
    expect(await refusal(() => adapter.readTable!("two").open(fields))).toMatchObject({ type: "UNUSABLE_STORE" });
    await one.close();
    const error = await refusal(() => adapter.readTable!("two").open(fields));
    expect(error.message).toMatch(/found the table "one", expected "two"/);
  });

  it("is refused with options that contradict each other or are unknown", () => {
    const make = () => ({});
    expect(() => moleculerDb(make, { file: "x", hosts: "many" })).toThrow(/adapter.hosts: found "many", expected one/);
    expect(() => moleculerDb(make, { durability: "much" as "power" })).toThrow(/adapter.durability/);
    expect(() => moleculerDb({} as () => object)).toThrow(/a function that makes an adapter/);
    expect(() => moleculerDb(make, { host: "one" } as object)).toThrow(/adapter.host: /);
  });
});
