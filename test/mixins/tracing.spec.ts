import {
  Aggregate,
  EventStore,
  type RecordedEvent,
  type StoredAnswer,
  type TransformView,
} from "moleculer-event-sourcing";
import { TracerExporters, type Context, type ServiceBroker, type ServiceSchema, type Span } from "moleculer";
import { caughtUp, cleanUp, eventually, newFolder, refusal, startBroker } from "../support/broker.ts";
import { openParams } from "../support/open-params.ts";
import { eventsIn } from "../support/pages.ts";

afterEach(cleanUp);

/** Collects every finished span. */
class Spans extends TracerExporters.Base {
  readonly all: Span[] = [];

  constructor() {
    super({});
  }

  override spanFinished(span: Span): void {
    this.all.push(span);
  }

  named(name: string): Span[] {
    return this.all.filter((span) => span.name === name);
  }

  /** All that an exporter receives, except errors: `tracing.errorFields` decides what Moleculer keeps of those. */
  asText(): string {
    return JSON.stringify(this.all.map((span) => ({ ...span, error: undefined })));
  }
}

const customerTransforms: ServiceSchema["actions"] = {
  toRow: ({ params }: Context<RecordedEvent>) => ({ id: params.stream, mail: params.payload["mail"] }),
  toCount: {
    tracing: { tags: { params: ["type"] } },
    handler: ({ params }: Context<RecordedEvent>) => ({ id: params.stream, mail: params.payload["mail"] }),
  },
};

async function traced(events = false): Promise<{ broker: ServiceBroker; spans: Spans }> {
  const folder = newFolder();
  const spans = new Spans();
  const store = EventStore("events", { adapter: `sqlite:${folder}/events.db` });
  const fields = { mail: "string" } as const;
  const byAction = Aggregate("byAction", { eventStore: store, fields })
    .on("customer.registered")
    .update("customer.toRow")
    .on("customer.*")
    .update("customer.toCount");
  const byFunction = Aggregate("byFunction", { eventStore: store, fields, onError: { retries: 0 } })
    .on("customer.registered")
    .update(async ({ stream, payload }: RecordedEvent, { ctx }: TransformView) => {
      if (payload["mail"] === "bad@private.example") throw new Error(`no mail to ${payload["mail"]}`);
      await ctx.call("customer.greet");
      return { id: stream, mail: String(payload["mail"]) };
    });
  const broker = await startBroker(
    [
      {
        name: "customer",
        mixins: [store.mixin(), byAction.mixin(), byFunction.mixin()],
        actions: {
          register: store.mapAction("customer.registered", { params: { id: "string", mail: "string" } }),
          enlist: store.mapAction("customer.registered", {
            params: openParams,
            tracing: { tags: { params: ["id"] } },
          }),
          hide: store.mapAction("customer.registered", { params: openParams, tracing: false }),
          greet: () => "hello",
          ...customerTransforms,
        },
        events: { "legacy.customer": store.mapEvent("customer.registered") },
      },
    ],
    // Moleculer accepts an exporter's instance, but does not type it.
    { tracing: { enabled: true, events, exporter: spans as never } },
  );
  return { broker, spans };
}

const mail = "ann@private.example";
const register = async (
  broker: ServiceBroker,
  params: object = {},
  requestID = "request-7",
): Promise<RecordedEvent> => {
  const sent = { id: "ann-private", mail, ...params };
  return (await broker.call<StoredAnswer, object>("customer.register", sent, { requestID })).events[0]!;
};

const folded = (broker: ServiceBroker) => Promise.all([caughtUp(broker, "byAction"), caughtUp(broker, "byFunction")]);

describe("The spans", () => {
  it("of an append lie in the request's trace, below the action that makes it", async () => {
    const { broker, spans } = await traced();
    const event = await register(broker);
    const [action] = spans.named("action 'customer.register'");
    const [store] = spans.named("action 'events.append'");
    const [append] = spans.named("append 'events'");
    expect([action, store, append].map((span) => span!.traceID)).toEqual(["request-7", "request-7", "request-7"]);
    expect(store!.parentID).toBe(action!.id);
    expect(append!.parentID).toBe(store!.id);
    expect(append!.tags).toEqual({ store: "events", position: event.position, events: 1, repeated: false });
    expect(append!.duration).toBeGreaterThan(0);
  });

  it("of a fold are one a batch, with what it has folded", async () => {
    const { broker, spans } = await traced();
    await broker.call("events.append", {
      stream: "customer-1",
      events: [1, 2, 3].map((n) => ({ type: "customer.registered", payload: { mail: `${n}@private.example` } })),
    });
    await folded(broker);
    const batches = spans.named("fold 'byAction'");
    const count = batches.reduce((sum, { tags }) => sum + Number(tags["events"]), 0);
    expect(count).toBe(3);
    expect(batches[0]!.tags).toMatchObject({ table: "byAction", from: 1 });
    expect(batches.at(-1)!.tags).toMatchObject({ to: 3 });
  });

  it("of transforms lie in the trace of the request that brought the event about", async () => {
    const { broker, spans } = await traced();
    const event = await register(broker);
    await folded(broker);
    const [action] = spans.named("action 'customer.toRow'");
    const [transform] = spans.named("transform 'customer.registered' in 'byFunction'");
    const [nested] = spans.named("action 'customer.greet'");
    expect([action, transform, nested].map((span) => span!.traceID)).toEqual(["request-7", "request-7", "request-7"]);
    expect(nested!.parentID).toBe(transform!.id);
    expect(transform!.tags).toEqual({
      table: "byFunction",
      type: "customer.registered",
      position: 1,
      event: event.id,
    });
    expect(transform!.service.name).toBe("byFunction");
  });

  it("hold nothing personal", async () => {
    const { broker, spans } = await traced(true);
    await register(broker);
    await register(broker, { mail: "bad@private.example" });
    await broker.emit("legacy.customer", { id: "eve-private", mail: "eve@private.example" });
    await eventually(async () => expect(await broker.call("events.count")).toBe(3));
    await folded(broker);
    await broker.call("byAction.find", { query: { mail } });
    await broker.call("byAction.list", { query: { mail } });
    await broker.call("byAction.count", { query: { mail } });
    await broker.call("byAction.get", { id: "customer-ann-private" });
    await broker.call("byAction.resolve", { id: "customer-ann-private" });
    await broker.call("events.find", { query: { stream: "customer-ann-private" } });
    await broker.call("events.read", { stream: "customer-ann-private" });
    const [parked] = await eventsIn<{ id: string }>(broker.call("byFunction.parked"));
    await broker.call("byFunction.retry", { stream: "customer-ann-private" });
    await broker.call("byFunction.skip", { id: parked!.id, reason: "asked by ann-private" });
    // A text in a payload and in a stream's name; the names of spans show that the search works.
    expect(spans.asText()).not.toMatch(/private/);
    for (const name of ["byAction.find", "byAction.resolve", "events.read", "byFunction.skip", "customer.toRow"])
      expect(spans.named(`action '${name}'`)).not.toEqual([]);
    expect(spans.named("event 'legacy.customer' in 'customer'")).toHaveLength(1);
  });

  it("of ours name an error without its text, which may show what was found", async () => {
    const { broker, spans } = await traced();
    await register(broker, { mail: "bad@private.example" });
    await refusal(() =>
      broker.call("events.append", { stream: "customer-1", events: [{ type: "*ann-private", payload: {} }] }),
    );
    await folded(broker);
    const [append] = spans.named("append 'events'").filter(({ error }) => error);
    const [transform] = spans.named("transform 'customer.registered' in 'byFunction'");
    expect(append!.error).toMatchObject({ name: "ValidationError", type: "VALIDATION_ERROR", code: 422 });
    expect(transform!.error).toMatchObject({ name: "Error" });
    for (const { error } of [append!, transform!]) expect(JSON.stringify(error) + String(error)).not.toMatch(/private/);
  });

  it("contain the requested params", async () => {
    const { broker, spans } = await traced();
    await broker.call("customer.enlist", { id: "1", mail });
    await broker.call("customer.hide", { id: "2", mail });
    await folded(broker);
    expect(spans.named("action 'customer.enlist'")[0]!.tags).toMatchObject({ params: { id: "1" } });
    expect(spans.named("action 'customer.hide'")).toEqual([]);
    expect(spans.named("action 'customer.toCount'")[0]!.tags).toMatchObject({
      params: { type: "customer.registered" },
    });
  });

  it("are not made of the questions that a table asks all the time", async () => {
    const { broker, spans } = await traced();
    await register(broker);
    await folded(broker);
    expect(spans.named("action '$events.page'")).toEqual([]);
  });
});
