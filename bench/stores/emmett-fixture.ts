import Database from "better-sqlite3";
import { newEventId } from "../../core/event/event-id.ts";
import { eventsPerStream, eventType, meta, payloadOf, streamOf } from "../events.ts";
import { Emmett } from "./emmett.ts";

/**
 * Writes events into Emmett's tables as its `appendToStream` would, which takes many minutes for a million. Columns and
 * the odd partition of streams are Emmett's.
 */
export async function fillEmmett(file: string, events: number, entityOf: (number: number) => string): Promise<void> {
  const emmett = new Emmett(file);
  await emmett.migrate();
  emmett.close();
  const db = new Database(file);
  // Emmett sets it while its own transaction may be open, which SQLite refuses unless the file already has it.
  db.pragma("journal_mode = WAL");
  db.pragma("synchronous = OFF");
  const insert = db.prepare(
    `INSERT INTO emt_messages (stream_id, stream_position, partition, message_kind, message_data, message_metadata,
     message_schema_version, message_type, message_id, is_archived)
     VALUES (?, ?, 'emt:default', 'E', ?, ?, ?, ?, ?, 0)`,
  );
  const addStream = db.prepare(
    `INSERT INTO emt_streams (stream_id, stream_position, partition, stream_type, stream_metadata, is_archived)
     VALUES (?, ${eventsPerStream}, '[object Object]', 'property', '[]', 0)`,
  );
  const streams = events / eventsPerStream;
  db.transaction(() => {
    for (let number = 0; number < events; number++) {
      const entity = entityOf(number);
      const stream = streamOf(entity);
      const version = Math.floor(number / streams);
      const id = newEventId();
      const metadata = { streamName: stream, messageId: id, streamPosition: "1", ...meta };
      const [dataText, metadataText] = [JSON.stringify(payloadOf(entity, number)), JSON.stringify(metadata)];
      if (version === 0) addStream.run(stream);
      insert.run(stream, version + 1, dataText, metadataText, version, eventType, id);
    }
  })();
  db.close();
}
