import { storageName, shortName } from "../../../core/errors/storage-name.ts";

describe("The name of a store on a server", () => {
  it("is its own where a server takes it", () => {
    expect(storageName("shop-events_2")).toBe("shop-events_2");
    expect(storageName("x".repeat(63))).toBe("x".repeat(63));
    expect(shortName("shop.events")).toBe("shop.events");
  });

  it("has other characters than letters, digits, _ and - as the bytes of their UTF-8", () => {
    expect(storageName("shop.events")).toBe("shop=2eevents");
    expect(storageName("é")).toBe("=c3a9");
  });

  it("is cut to 63 characters, and distinguishes long names by a hash", () => {
    const names = ["x".repeat(64), "x".repeat(100), `${"x".repeat(99)}y`, "a.".repeat(50)];
    const places = names.map(storageName);
    expect(new Set(places).size).toBe(names.length);
    for (const place of places) expect(place).toMatch(/^.{46}_[0-9a-f]{16}$/);
    expect(places[0]).toBe(`${"x".repeat(46)}_7ce100971f64e700`);
  });
});
