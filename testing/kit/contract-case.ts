/** One law of a port, for any test runner: `for (const { name, run } of cases) it(name, run)`. */
export interface ContractCase {
  name: string;
  /** Uses a place of its own and leaves nothing behind. Rejects with an AssertionError if the law is broken. */
  run: () => Promise<void>;
}

/** Sentence → check. */
export type Cases<Fixture> = Readonly<Record<string, (fixture: Fixture) => Promise<void>>>;

/** The subject of the sentences. */
export interface Subject<Fixture> {
  name: string;
  cases: Cases<Fixture>;
  /** False if the engine declares that it does not support this. */
  isListed?: boolean;
}

/** Runs each case with its own fixture, which is always removed. */
export const casesOf = <Fixture extends { end(): Promise<void> }>(
  newFixture: () => Fixture,
  subjects: readonly Subject<Fixture>[],
): ContractCase[] =>
  subjects
    .filter(({ isListed }) => isListed !== false)
    .flatMap(({ name, cases }) =>
      Object.entries(cases).map(([sentence, check]) => ({
        name: `${name} ${sentence}`,
        run: async () => {
          const fixture = newFixture();
          try {
            await check(fixture);
          } finally {
            await fixture.end();
          }
        },
      })),
    );
