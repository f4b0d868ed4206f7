import { parseCatalogue, type Catalogue } from "../../../core/catalogue/catalogue.ts";
import { isKnown, isParkedAsNewer, knownVersions, newerThan } from "../../../core/catalogue/newer-event.ts";
import { readRules } from "../../../core/catalogue/stored-types.ts";
import { upcastKnown } from "../../../core/catalogue/upcast-page.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";

const catalogue = (unknownTypes: "accept" | "refuse"): Catalogue =>
  parseCatalogue("events", { "order.placed": { schemaVersion: 2, upcasters: { 1: (old) => old } } }, unknownTypes);

function event(type: string, schemaVersion?: unknown, position = 1): RecordedEvent {
  const meta = { correlationId: "c", causationId: "c", ...(schemaVersion !== undefined && { schemaVersion }) };
  return { id: `e-${position}`, type, stream: "s", version: 1, position, time: "", payload: {}, meta };
}

describe("The rules by which a definition reads events", () => {
  const renamed = parseCatalogue("events", {
    "order.placed": { renamedFrom: ["order.made"], schemaVersion: 2, upcasters: { 1: (old) => old } },
    "order.shipped": {},
  });

  it("contain the former names of its types", () => {
    expect(readRules(renamed, (type) => type === "order.placed")).toEqual({
      schemaVersions: [["order.placed", 2]],
      readAs: [["order.made", "order.placed"]],
    });
    expect(readRules(renamed, (type) => type === "order.shipped")).toEqual({ schemaVersions: [], readAs: [] });
  });

  it("announce the versions of former names", () => {
    const known = knownVersions(renamed);
    expect(isKnown({ ...known, unknownTypes: "refuse" }, { type: "order.made", schemaVersion: 2 })).toBe(true);
    expect(isKnown(known, { type: "order.made", schemaVersion: 3 })).toBe(false);
    expect(newerThan(renamed, event("order.made", 3))?.schemaVersion).toBe(3);
  });
});

describe("An event of a newer release", () => {
  it.each([
    ["accept", "order.placed", 3, 3],
    ["accept", "order.placed", 2, null],
    ["accept", "order.placed", undefined, null],
    ["accept", "order.placed", "three", null],
    ["accept", "order.shipped", 9, null],
    ["refuse", "order.shipped", undefined, 1],
    ["refuse", "order.placed", 2, null],
    ["refuse", "$snapshot.started", 4, null],
  ] as const)("is found by a catalogue that would %s other types: %s, version %s", (unknown, type, version, found) => {
    const newer = newerThan(catalogue(unknown), event(type, version));
    expect(newer?.schemaVersion ?? null).toBe(found);
    expect(newer !== null && isKnown(knownVersions(catalogue(unknown)), newer)).toBe(false);
  });

  it("is known by a release with its version, or without an entry where other types are accepted", () => {
    const newer = newerThan(catalogue("refuse"), event("toString", 7))!;
    expect(isKnown(knownVersions(catalogue("accept")), newer)).toBe(true);
    expect(isKnown(knownVersions(parseCatalogue("events", { toString: { schemaVersion: 7 } })), newer)).toBe(true);
    expect(isKnown(knownVersions(parseCatalogue("events", { toString: { schemaVersion: 6 } })), newer)).toBe(false);
  });

  it("ends a page before it, unless it is skipped or damaged", () => {
    const events = [event("order.placed", 2), event("order.placed", 3, 2), event("order.placed", 2, 3)];
    const page = upcastKnown(catalogue("accept"), { events }, () => false);
    expect(page).toEqual({
      events: [events[0]],
      newer: expect.objectContaining({ position: 2, schemaVersion: 3 }) as object,
    });
    expect(upcastKnown(catalogue("accept"), { events }, (id) => id === "e-2").events).toEqual(events);
    const unreadable = { "e-2": { name: "DamagedEventError", message: "damaged" } };
    expect(upcastKnown(catalogue("accept"), { events, unreadable }, () => false)).toEqual({ events, unreadable });
  });

  it("is recognized among parked events, also of builds that parked it as one that cannot be upcast", () => {
    const before =
      "event 1 (order.placed, position 3, schema version 2): the catalogue knows version 1, not yet this one";
    expect(isParkedAsNewer({ type: "UPCAST_FAILED", message: before })).toBe(true);
    expect(isParkedAsNewer({ type: "NEWER_EVENT", message: "" })).toBe(true);
    expect(isParkedAsNewer({ type: "UPCAST_FAILED", message: "the upcaster from version 1 threw" })).toBe(false);
    expect(isParkedAsNewer(null)).toBe(false);
  });
});

describe("The schema versions of a definition", () => {
  it("are those above 1 of its types, whatever the source of the upcasters is", () => {
    const of = (upcast: (old: object) => object) =>
      parseCatalogue("events", {
        "order.shipped": { schemaVersion: 3 },
        "order.placed": { schemaVersion: 2, upcasters: { 1: upcast } },
        "order.noted": {},
      });
    const isFor = (type: string) => type !== "order.shipped";
    expect(
      readRules(
        of((old) => old),
        isFor,
      ),
    ).toEqual({ schemaVersions: [["order.placed", 2]], readAs: [] });
    expect(
      readRules(
        of(({ ...old }) => old),
        isFor,
      ),
    ).toEqual({ schemaVersions: [["order.placed", 2]], readAs: [] });
    expect(
      readRules(
        of((old) => old),
        () => true,
      ).schemaVersions.map(([type]) => type),
    ).toEqual(["order.placed", "order.shipped"]);
  });
});
