/** The id of the event at `index` of those as which a stored event is read: the first has the id of the stored one. */
export const partId = (storedId: string, index: number): string =>
  index === 0 ? storedId : `${storedId}.${index + 1}`;

/** The id of the stored event that is read as the event with this id. */
export const storedIdOf = (id: string): string => /^([^.]+)\.\d+$/.exec(id)?.[1] ?? id;
