import assert from "node:assert/strict";
import type { AppendRequest } from "../../core/log/append-request.ts";
import { same } from "../kit/same.ts";
import { everything, type LogCases } from "./log-fixture.ts";
import { appendTo, appended, ids, many, numbersOf, refused, stored } from "./requests.ts";

const twice = () => appendTo("a", [{ id: ids[0], payload: { n: 1 } }, { id: ids[1] }], { expectedVersion: 0 });

const named = (payloads: unknown[], stream = "a", commandId = "order 7") =>
  appendTo(
    stream,
    payloads.map((payload) => ({ payload })),
    { commandId },
  );

/**
 * Checks that `again` is refused after `first`, in a separate commit and in the same one, and that nothing of it is
 * stored.
 */
const isRefused = (first: () => AppendRequest, again: () => AppendRequest): LogCases[string] => {
  return async (fixture) => {
    for (const inOne of [false, true]) {
      const log = await fixture.open();
      const verdicts = inOne
        ? await log.append([first(), again()])
        : [...(await log.append([first()])), ...(await log.append([again()]))];
      const { type, code, retryable } = refused(verdicts[1]) as Error & Record<string, unknown>;
      same({ type, code, retryable }, { type: "EVENT_ID_REUSED", code: 409, retryable: false });
      same(await everything(log), stored(verdicts[0]));
    }
  };
};

/** Repeated appends, recognised by their ids. */
export const repeats: LogCases = {
  "stores once and returns the first result, and its version is ignored": async (fixture) => {
    const log = await fixture.open();
    const [first] = await log.append([twice(), appendTo("a", many(3))]);
    const [again, next] = await log.append([twice(), appendTo("b")]);
    same(first, { events: stored(first), repeated: false });
    same(again, { events: stored(first), repeated: true });
    same(numbersOf(stored(next)), [["b", 1, 6]]);
  },

  "in the same commit stores once and returns the first result": async (fixture) => {
    const log = await fixture.open();
    const [first, again, next] = await log.append([twice(), twice(), appendTo("b")]);
    same(again, { events: stored(first), repeated: true });
    same(numbersOf(stored(next)), [["b", 1, 3]]);
  },

  "by many hosts at once stores once": async (fixture) => {
    const hosts = await fixture.hosts(await fixture.open(), 4);
    const request = appendTo("a", [{ id: ids[0] }, { id: ids[1] }]);
    const verdicts = (await Promise.all([...hosts, ...hosts].map((host) => host.append([request])))).flat();
    assert.equal(verdicts.filter((verdict) => "events" in verdict && !verdict.repeated).length, 1);
    for (const verdict of verdicts) same(stored(verdict), await everything(hosts[0]!));
    assert.equal(await hosts[0]!.head(), 2);
  },

  "stores once if its first response never arrived": async (fixture) => {
    const log = await fixture.open();
    const lost = log.append([twice()]).catch(() => null);
    const [again] = await log.append([twice()]);
    await lost;
    same(await everything(log), stored(again));
    assert.equal(await log.head(), 2);
  },

  "after a refusal in the same commit is stored as if it were the first": async (fixture) => {
    const log = await fixture.open();
    const verdicts = await log.append([
      appendTo("a", [{ id: ids[0] }], { expectedVersion: 5 }),
      appendTo("a", [{ id: ids[0] }]),
    ]);
    assert.equal(refused(verdicts[0]).type, "VERSION_CONFLICT");
    same(verdicts[1], { events: await everything(log), repeated: false });
    assert.equal(await log.head(), 1);
  },

  "is known also with other meta and other letter case of the id, and the first meta stays": async (fixture) => {
    const log = await fixture.open();
    const first = await appended(log, appendTo("a", [{ id: ids[0], meta: { user: "ann" } }]));
    const again = await log.append([appendTo("a", [{ id: ids[0].toUpperCase(), meta: { user: "bob" } }])]);
    same(again, [{ events: first, repeated: true }]);
  },

  "is known whatever the order of its payload's keys": async (fixture) => {
    const log = await fixture.open();
    const first = await appended(log, appendTo("a", [{ id: ids[0], payload: { x: 1, y: { a: 1, b: 2 } } }]));
    const again = await log.append([appendTo("a", [{ id: ids[0], payload: { y: { b: 2, a: 1 }, x: 1 } }])]);
    same(again, [{ events: first, repeated: true }]);
  },

  "of a part returns that part's events": async (fixture) => {
    const log = await fixture.open();
    const first = await appended(log, twice());
    same(await log.append([appendTo("a", [{ id: ids[1] }])]), [{ events: [first[1]], repeated: true }]);
  },

  "with another payload is refused": isRefused(twice, () => appendTo("a", [{ id: ids[0], payload: { n: 2 } }])),
  "with another type is refused": isRefused(twice, () =>
    appendTo("a", [{ id: ids[0], type: "thing.other", payload: { n: 1 } }]),
  ),
  "with another stream is refused": isRefused(twice, () => appendTo("b", [{ id: ids[0], payload: { n: 1 } }])),
  "with a new event after it is refused": isRefused(twice, () =>
    appendTo("a", [{ id: ids[0], payload: { n: 1 } }, { id: ids[2] }]),
  ),
  "with a new event before it is refused": isRefused(twice, () =>
    appendTo("a", [{ id: ids[2] }, { id: ids[0], payload: { n: 1 } }]),
  ),
  "with an event without an id beside it is refused": isRefused(twice, () =>
    appendTo("a", [{ id: ids[0], payload: { n: 1 } }, {}]),
  ),
  "in another order is refused": isRefused(twice, () =>
    appendTo("a", [{ id: ids[1] }, { id: ids[0], payload: { n: 1 } }]),
  ),
};

/** Repeated appends, recognised by their command id. */
export const commandIds: LogCases = {
  "stores once, in other commits and within one": async (fixture) => {
    const log = await fixture.open();
    const [first, again] = await log.append([named([1, 2]), named([1, 2])]);
    same(again, { events: stored(first), repeated: true });
    same(await log.append([named([1, 2])]), [{ events: stored(first), repeated: true }]);
    assert.equal(await log.head(), 2);
  },

  "is another append if the command id is another": async (fixture) => {
    const log = await fixture.open();
    const verdicts = await log.append([named([1]), named([1], "a", "order 8"), named([1], "a", "Order 8")]);
    same(
      verdicts.map((verdict) => "events" in verdict && verdict.repeated),
      [false, false, false],
    );
  },

  "is refused with more events under a command id that was used": isRefused(
    () => named([1, 2]),
    () => named([1, 2, 3]),
  ),
  "is refused with fewer events under a command id that was used": isRefused(
    () => named([1, 2]),
    () => named([1]),
  ),
  "is refused with other events under a command id that was used": isRefused(
    () => named([1, 2]),
    () => named([1, 3]),
  ),
  "is refused with the same events in another order under a command id that was used": isRefused(
    () => named([1, 2]),
    () => named([2, 1]),
  ),
  "is refused with another stream under a command id that was used": isRefused(
    () => named([1, 2]),
    () => named([1, 2], "b"),
  ),
};
