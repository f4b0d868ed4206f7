/** The rows that are found and listed, as our aggregate declares them. */
export const propertyFields = {
  code: { type: "string", index: true },
  city: { type: "string", index: true },
  name: "string",
  amount: "integer",
  active: "boolean",
  source: "object",
} as const;

export const rowsPerCity = 100;

/** The row with this number: a code of its own, a city that it shares with 99 others. */
export function propertyOf(number: number) {
  return {
    id: `property-${String(number).padStart(8, "0")}`,
    code: `code-${number}`,
    city: cityOf(number),
    name: `Beach villa ${number}`,
    amount: number,
    active: number % 2 === 0,
    source: { system: "bench", reference: `import-${number}` },
  };
}

/** Numbers that follow each other belong to one city. */
export const cityOf = (number: number) => `City ${Math.floor(number / rowsPerCity)}`;
