import { eventsPerStream } from "./events.ts";

/**
 * So many callers at once, each of them sending its next append when the last one was answered: `append` gets the
 * entity (a stream of its own), the version that the stream is at, and the event's number.
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
