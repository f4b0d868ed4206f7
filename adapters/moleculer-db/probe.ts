import { randomUUID } from "node:crypto";
import { UnusableStoreError } from "../../core/errors/errors.ts";
import type { AdapterEntities } from "./adapter-entities.ts";

/**
 * Tests the behaviour that a table depends on. An adapter for a database with another query syntax may misread a
 * condition, and would silently overwrite rows.
 *
 * @throws UnusableStoreError if a test fails
 */
export async function probe(location: string, entities: AdapterEntities): Promise<void> {
  const _id = `probe ${randomUUID()}`;
  const probe = { _id, kind: "probe", fence: 1, row: { text: "é", none: null } };
  const fail = (found: string, expected: string): never => {
    throw new UnusableStoreError(location, `found an adapter that ${found}, expected one that ${expected}`);
  };
  try {
    if (!(await entities.insert(probe))) fail("does not insert", "does");
    if (await entities.insert(probe)) fail("inserts an _id that exists", "refuses it");
    const older = (fence: number) => entities.update({ _id, kind: "probe", fence: { $lt: fence } }, { fence: 2 });
    if ((await older(1)) !== 0) fail("updates an entity that does not match the condition", "leaves it and returns 0");
    if ((await older(2)) !== 1) fail("does not update an entity that matches the condition", "does and returns 1");
    const [found] = await entities.find({ query: { _id, "row.text": "é", "row.none": null } });
    if (found?.["fence"] !== 2) fail("does not find an updated entity", "finds it by its fields");
  } finally {
    await entities.remove({ _id });
  }
}
