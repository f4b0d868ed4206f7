import { ServiceBroker, type ServiceSchema } from "moleculer";
import DbService from "moleculer-db";
import { propertyOf, serviceName } from "../properties.ts";

interface MemoryAdapter {
  db: { ensureIndex(options: { fieldName: string }): Promise<void> };
  insertMany(documents: object[]): Promise<unknown>;
}

const perInsert = 10_000;

/**
 * A broker with moleculer-db's service over its memory adapter, NeDB, filled with rows. A million of them take 1.2 GB,
 * and a node has to load them again at each start.
 */
export async function startMemoryAdapter(rows: number): Promise<ServiceBroker> {
  const broker = new ServiceBroker({ nodeID: "bench", logger: false });
  const schema: ServiceSchema & { adapter: object } = {
    name: serviceName,
    mixins: [DbService as unknown as ServiceSchema],
    adapter: new DbService.MemoryAdapter(),
  };
  const service = broker.createService(schema);
  await broker.start();
  const { adapter } = service as unknown as { adapter: MemoryAdapter };
  for (const fieldName of ["code", "city"]) await adapter.db.ensureIndex({ fieldName });
  for (let from = 0; from < rows; from += perInsert)
    await adapter.insertMany(
      Array.from({ length: perInsert }, (_, index) => {
        const { id, ...values } = propertyOf(from + index);
        return { _id: id, ...values };
      }),
    );
  return broker;
}
