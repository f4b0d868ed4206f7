import type { FieldsInput } from "moleculer-event-sourcing";
import { mongodb } from "moleculer-event-sourcing/adapters/mongodb";
import { postgres } from "moleculer-event-sourcing/adapters/postgres";
import { StoreUnavailableError } from "../../../core/errors/errors.ts";
import { cleanUp } from "../../support/broker.ts";
import { describeWith } from "../../support/engines.ts";
import { ask, numberedFields, rowsOn, SharedTable, withStatus } from "./shared-tables.ts";

afterEach(cleanUp);

const adapters = { postgres, mongodb };

const plain: FieldsInput = { ...numberedFields, n: "integer" };
const unique: FieldsInput = { ...numberedFields, by: { type: "string", unique: true } };
const wider: FieldsInput = { ...numberedFields, city: { type: "string", index: true } };

for (const engine of ["postgres", "mongodb"] as const)
  describeWith(engine, `A shared table on ${engine} whose definition changes`, (server) => {
    const state = { calls: 0, by: (n: number): string => `node ${n}` };
    const transform = ({ id, position }: { id: string; position: number }) => {
      state.calls++;
      return { id, n: position, by: state.by(position) };
    };
    const live = { state: "live", stale: false, lag: 0 };

    async function shared(): Promise<SharedTable> {
      state.by = (n) => `node ${n}`;
      const table = await SharedTable.start(adapters[engine](server().url));
      const node = await table.node("first", { transform });
      await table.add(20);
      await withStatus(node, { ...live, position: 20 });
      await node.stop();
      state.calls = 0;
      return table;
    }

    it("is copied if indexes and fields change: no event is folded, also where the copy's answer is lost", async () => {
      const table = await shared();
      let lost = 0;
      const meet = (call: string, when: string) => {
        if (call === "copy" && when === "after" && lost++ === 0) throw new StoreUnavailableError("table", "is away");
      };
      for (const fields of [plain, numberedFields, unique, wider]) {
        const node = await table.node("next", { transform, fields, meet });
        await withStatus(node, live);
        expect(state.calls).toBe(0);
        expect(await rowsOn(node)).toHaveLength(20);
        expect(await ask(node, "find", { query: { by: "node 7", n: 7 } })).toHaveLength(1);
        await node.stop();
      }
      // One copy was made twice, and none for the fields of the first node: the rows of that definition are still there.
      expect(lost).toBe(4);
      const node = await table.node("next", { transform, fields: wider });
      await table.add(1);
      await withStatus(node, { ...live, position: 21 });
      expect(state.calls).toBe(1);
    });

    it("is folded again if rows repeat a value that has to be unique", async () => {
      const table = await shared();
      state.by = () => "one";
      const before = await table.node("before", { transform });
      await table.add(2);
      await withStatus(before, { ...live, position: 22 });
      await before.stop();
      state.by = (n) => (n > 20 ? "one" : `node ${n}`);
      state.calls = 0;
      const node = await table.node("next", { transform, fields: unique });
      await withStatus(node, { ...live, parked: 1 });
      expect(state.calls).toBe(22);
      expect(await rowsOn(node)).toHaveLength(21);
    });
  });
