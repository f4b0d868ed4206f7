// A transform that asks several questions at once, in a process in which every deprecation is an error.
import { postgres } from "../../../adapters/postgres/postgres.ts";
import { all, at, create, fieldsOf, nameAndTotal } from "../../../testing/read-table/table-fixture.ts";

const table = postgres(process.argv[2]!).readTable!("several finds");
await table.open(fieldsOf(nameAndTotal));
const batch = await table.live().begin();
await batch.apply([create("1")]);
const found = await Promise.all([batch.rows.find(all), batch.rows.count(all), batch.rows.findByIds(["1"])]);
await batch.commit(at(1));
await table.close();
console.log(JSON.stringify(found.map((answer) => (typeof answer === "number" ? answer : answer.length))));
