/** What a store's or a consumer's actions return in pages, without `position` and `end`. */

export const eventsIn = async <Event>(page: PromiseLike<{ events: Event[] }>): Promise<Event[]> => (await page).events;

export const streamsIn = async <Stream>(page: PromiseLike<{ streams: Stream[] }>): Promise<Stream[]> =>
  (await page).streams;

export const processesIn = async <Process>(page: PromiseLike<{ processes: Process[] }>): Promise<Process[]> =>
  (await page).processes;
