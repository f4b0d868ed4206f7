import { eventsPerStream } from "./events.ts";

/**
 * Concurrent callers, each of which sends its next append when its last one has resolved. `append` receives the entity
 * (with its own stream), the version of the stream, and the event's number.
 */
export async function callersAppend(
  { callers, events, from = 0 }: { callers: number; events: number; from?: number },
  append: (entity: string, version: number, number: number) => Promise<unknown>,
): Promise<void> {
  let next = from;
  const call = async (caller: number): Promise<void> => {
    for (let sent = 0; next < from + events; sent++) {
      const number = next++;
      const stream = Math.floor(sent / eventsPerStream);
      await append(`${from}.${caller}.${stream}`, sent % eventsPerStream, number);
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, caller) => call(caller)));
}
