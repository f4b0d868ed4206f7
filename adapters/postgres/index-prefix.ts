/** In characters, of four bytes at most: an index in order takes no more than 2,700. */
const length = 500;

/** What an index in order keeps of a text. The beginnings of two texts have their order, or are equal. */
export const indexPrefixInSql = (column: string) => `left(${column}, ${length})`;

export const indexPrefixOf = (text: string) => (text.length > length ? [...text].slice(0, length).join("") : text);
