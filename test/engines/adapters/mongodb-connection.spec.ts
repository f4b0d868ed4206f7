import { connect } from "../../../adapters/mongodb/connection.ts";
import { describeWith } from "../../support/engines.ts";

describeWith("mongodb", "A connection to MongoDB", (server) => {
  it("keeps what it acknowledges, whatever the URL and the options of the client say", async () => {
    const url = `${server().url}/?w=1&journal=false&readConcernLevel=local&readPreference=secondary`;
    const lax = { writeConcern: { w: 0 }, readConcern: { level: "available" } } as const;
    const { client, database } = await connect("here", { url, database: "shop", name: "events", driver: lax }, 4000);
    expect(database.writeConcern).toMatchObject({ w: "majority", journal: true });
    expect(database.readConcern).toMatchObject({ level: "majority" });
    expect(database.readPreference).toMatchObject({ mode: "primary" });
    await client.close();
  });
});
