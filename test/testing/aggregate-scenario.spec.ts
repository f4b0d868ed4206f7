import type { Context, ServiceBroker } from "moleculer";
import { Aggregate, EventStore, type RecordedEvent, type RowInput } from "moleculer-event-sourcing";
import { memoryBroker, scenario, type ExpectedError } from "moleculer-event-sourcing/testing";
import { refusal } from "../support/broker.ts";
import { failure } from "./failure.ts";

const events = EventStore("shop", {
  events: {
    "item.added": {
      schemaVersion: 2,
      payload: { basket: "string", item: "string", price: "number" },
      upcasters: { 1: ({ cents, ...rest }) => ({ ...rest, price: Number(cents) / 100 }) },
    },
    "item.removed": { payload: { basket: "string", item: "string" } },
    "basket.split": { payload: { parts: { type: "array", items: "number" } } },
    "basket.dropped": { payload: { basket: "string" } },
  },
});

class TooDear extends Error {
  override name = "TooDear";
  readonly type = "TOO_DEAR";
  readonly code = 422;
}

const baskets = Aggregate("baskets", {
  eventStore: events,
  fields: { items: "integer", total: "number", since: "date", code: { type: "string", unique: true } },
})
  .on("item.added")
  .update(async ({ payload: { basket, price }, time }, { get }) => {
    if (price > 1000) throw new TooDear(`${price} is too much`);
    const before = await get(basket);
    return {
      id: basket,
      items: (before?.items ?? 0) + 1,
      total: (before?.total ?? 0) + price,
      since: before?.since ?? time,
    };
  })
  .on("basket.split")
  .createMany(({ payload: { parts } }) => parts.map((total) => ({ total })))
  .on("basket.dropped")
  .remove(({ payload: { basket } }) => basket);

const added = (basket: string, price: number) => ({
  type: "item.added" as const,
  payload: { basket, item: "x", price },
});
const since = "2000-01-01T00:00:00.000Z";

describe("A scenario of an aggregate", () => {
  it("folds the events into the rows by the aggregate's own transforms, each of which sees those before it", () =>
    scenario(baskets)
      .given([{ id: "1", items: 1, total: 5, since }], [added("1", 2), added("1", 3), added("2", 4)])
      .then([
        { id: "2", items: 1, total: 4, since },
        { id: "1", items: 3, total: 10, since },
      ]));

  it("takes a field that is left out for null, on either side", () =>
    scenario(baskets)
      .given([{ id: "1", total: 2 }], [])
      .then([{ id: "1", items: null, total: 2 }]));

  it("has rows removed, and passes events that are not mapped", () =>
    scenario(baskets)
      .given(
        [{ id: "1" }, { id: "2" }],
        [
          { type: "basket.dropped", payload: { basket: "1" } },
          { type: "item.removed", payload: { basket: "2", item: "x" } },
        ],
      )
      .then([{ id: "2" }]));

  it("lets an id that is left out be any, in any order", () =>
    scenario(baskets)
      .given([{ id: "1", total: 2 }], [{ type: "basket.split", payload: { parts: [1, 2, 3] } }])
      .then([{ total: 3 }, { total: 2 }, { id: "1", total: 2 }, { total: 1 }]));

  it("gives events their time, or that of the one before", () =>
    scenario(baskets)
      .given(
        [],
        [{ ...added("1", 1), time: "2026-03-04T05:06:07.000Z" }, added("2", 1), { ...added("3", 1), stream: "other" }],
      )
      .then(["1", "2", "3"].map((id) => ({ id, items: 1, total: 1, since: new Date("2026-03-04T05:06:07Z") }))));

  it("brings an older event to today's version, as the store does", () =>
    scenario(baskets)
      .given([], [{ type: "item.added", payload: { basket: "1", item: "x", cents: 250 }, meta: { schemaVersion: 1 } }])
      .then([{ id: "1", items: 1, total: 2.5, since }]));

  it("refuses a given event that the store would not take", async () => {
    const wrong = { type: "item.added", payload: { basket: "1", item: "x", price: "5" as unknown as number } } as const;
    const error = await refusal(() =>
      scenario(baskets)
        .given([], [added("1", 1), wrong])
        .then([]),
    );
    expect(error.message).toBe('events.1.payload.price: found "5", expected a finite number');
  });

  it("refuses rows that the table cannot have, given or expected", async () => {
    const strange = [{ id: "1", colour: "red" }] as unknown as { id: string }[];
    for (const run of [
      () => scenario(baskets).given(strange, []).then([]),
      () => scenario(baskets).given([], []).then(strange),
    ])
      expect((await refusal(run)).name).toBe("InvalidRowError");
  });

  it.each<[string, ExpectedError]>([
    ["its class", TooDear],
    ["an error like it", new TooDear("2000 is too much")],
    ["its fields", { type: "TOO_DEAR", code: 422, message: /too much$/ }],
    ["its message", /2000 is too much/],
  ])("is refused as expected by %s", async (_, expected) => {
    await scenario(baskets)
      .given([], [added("1", 2), added("1", 2000)])
      .then(expected);
  });
});

describe("An expectation of rows that fails", () => {
  it("shows the difference between the rows, and the line of the test", async () => {
    const { message, stack, actual, expected } = await failure(
      scenario(baskets)
        .given([], [added("1", 2)])
        .then([{ id: "1", items: 1, total: 3, since }]),
    );
    expect(message).toBe(
      [
        "baskets has other rows than expected after item.added",
        "+ found - expected",
        "",
        "  [",
        "    {",
        "      code: null,",
        "      id: '1',",
        "      items: 1,",
        "      since: '2000-01-01T00:00:00.000Z',",
        "+     total: 2",
        "-     total: 3",
        "    }",
        "  ]",
        "",
      ].join("\n"),
    );
    expect(stack).toMatch(/^AssertionError.*\n[^]*?\n    at .*aggregate-scenario\.spec\.ts/);
    expect([actual, expected]).toMatchObject([[{ total: 2 }], [{ total: 3 }]]);
  });

  it("says which event could not be folded, and why", async () => {
    const { message, cause } = await failure(
      scenario(baskets)
        .given([], [added("1", 2000)])
        .then([]),
    );
    expect(message).toBe("baskets cannot fold item.added: TooDear: 2000 is too much (422 TOO_DEAR)");
    expect(cause).toBeInstanceOf(TooDear);
  });

  it("says by what other error an event was refused", async () => {
    const expected = { type: "TOO_CHEAP", code: 422 };
    const { message, cause } = await failure(
      scenario(baskets)
        .given([], [added("1", 2000)])
        .then(expected),
    );
    expect(message).toBe(
      [
        "baskets cannot fold item.added for another reason than expected: TooDear: 2000 is too much (422 TOO_DEAR)",
        "+ found - expected",
        "",
        "  {",
        "    code: 422,",
        "+   type: 'TOO_DEAR'",
        "-   type: 'TOO_CHEAP'",
        "  }",
        "",
      ].join("\n"),
    );
    expect(cause).toBeInstanceOf(TooDear);
  });

  it("says that no event was refused", async () => {
    const { message } = await failure(
      scenario(baskets)
        .given([], [added("1", 2)])
        .then(TooDear),
    );
    expect(message).toBe(
      [
        "baskets has folded item.added",
        `  found:    [ { id: '1', items: 1, total: 2, since: '${since}', code: null } ]`,
        "  expected: TooDear",
      ].join("\n"),
    );
  });

  it.each<[string, ExpectedError | RowInput<typeof baskets.fields>[]]>([
    ["another class", TypeError],
    ["an error with another message", new TooDear("1 is too much")],
    ["a field that it has not", { data: {} }],
    ["another message", /too little/],
    ["one row more", [{ id: "1", items: 1, total: 2, since }, { total: 3 }]],
    ["one row less", []],
  ])("is noticed: %s", async (_, expected) => {
    const price = Array.isArray(expected) ? 2 : 2000;
    await failure(
      scenario(baskets)
        .given([], [added("1", price)])
        .then(expected),
    );
  });

  it("is noticed where there is none at all, in whatever is awaited", async () => {
    const forgotten = scenario(baskets).given([], []) as unknown as Promise<void>;
    expect((await failure((async () => forgotten)())).message).toMatch(/without an expectation/);
  });
});

describe("Transforms that are actions, in a scenario", () => {
  const totals = Aggregate("totals", { eventStore: events, fields: { total: "number" } })
    .on("item.added")
    .update("shop.sum");
  const shop = {
    name: "shopService",
    mixins: [events.mixin(), totals.mixin()],
    actions: {
      "shop.sum": {},
    },
  };
  let broker: ServiceBroker;

  beforeAll(async () => {
    broker = await memoryBroker(
      {
        name: "shop.teller",
        mixins: shop.mixins,
      },
      {
        name: "shop",
        actions: {
          async sum(ctx: Context<RecordedEvent<"item.added", { basket: string; price: number }>>) {
            const { basket, price } = ctx.params.payload;
            const row: { total: number } | null = await ctx.call("totals.resolve", { id: basket });
            return { id: basket, total: (row?.total ?? 0) + price };
          },
        },
      },
    );
  });
  afterAll(() => broker.stop());

  it("run on the broker, and find the scenario's rows by the table's own queries", () =>
    scenario(totals, { broker })
      .given([{ id: "1", total: 100 }], [added("1", 1), added("1", 2)])
      .then([{ id: "1", total: 103 }]));

  it("leave the broker's own rows alone", async () => {
    expect(await broker.call("totals.count")).toBe(0);
  });

  it("are refused without a broker", async () => {
    const { message } = await refusal(() =>
      scenario(totals)
        .given([], [added("1", 1)])
        .then([]),
    );
    expect(message).toBe(
      'scenario(totals): found no broker, expected scenario(totals, { broker }), as item.added is mapped to the action "shop.sum"',
    );
  });
});
