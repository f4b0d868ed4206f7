import { memoryBroker, scenario } from "moleculer-event-sourcing/testing";
import { openedIn, service, villa } from "../typescript/villa.service";

const opened = { type: "villa.opened", payload: { name: "Lake House" } } as const;

describe("A villa", () => {
  it("is opened", () => scenario(villa).given().when("open", { id: "1", name: "Lake House" }).then(opened));

  it("is a row", async () => {
    const broker = await memoryBroker(service);
    expect(await openedIn(broker)).toEqual([{ id: "1", name: "Lake House" }]);
    await broker.stop();
  });
});
