/** The event of every measurement: a payload of about 250 bytes, in streams of 100. */
export interface Payload extends Record<string, unknown> {
  id: string;
  name: string;
  city: string;
  countryCode: string;
  amount: number;
  active: boolean;
  source: { system: string; reference: string; note: string };
}

export const eventType = "property.changed";
export const eventsPerStream = 100;

/** The fastest-validator schema of the action that appends it. */
export const params = {
  id: "string",
  name: "string|max:100",
  city: "string",
  countryCode: "string|length:2",
  amount: "number|integer",
  active: "boolean",
  source: { type: "object", params: { system: "string", reference: "string", note: "string" } },
};

const countries = ["NZ", "FR", "BR", "JP", "KE"];

/** The payload of an entity's event with this number; checks add up `amount`. */
export function payloadOf(entity: string, number: number): Payload {
  return {
    id: entity,
    name: `Beach villa ${entity}`,
    city: `City ${number % 500}`,
    countryCode: countries[number % countries.length]!,
    amount: number,
    active: number % 2 === 0,
    source: {
      system: "bench",
      reference: `import-${number}`,
      note: "A house by the sea with a garden, two boats and a view, looked after by its owners.",
    },
  };
}

export const streamOf = (entity: string) => `property-${entity}`;

/** The ids in every stored event's meta, as long as real ones. */
export const meta = {
  correlationId: "01998f6e-3c1c-7a52-9d51-0c8f2f0c6b11",
  causationId: "01998f6e-3c1c-7a52-9d51-0c8f2f0c6b12",
};

/** Sum of 0 to `count - 1`. */
export const sumBelow = (count: number) => (count * (count - 1)) / 2;
