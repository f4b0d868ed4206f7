/** In characters of at most four bytes: a B-tree index takes at most 2,700 bytes. */
const length = 500;

/** The part of a text that a B-tree index contains. The prefixes of two texts are in the order of the texts, or equal. */
export const indexPrefixInSql = (column: string) => `left(${column}, ${length})`;

export const indexPrefixOf = (text: string) => (text.length > length ? [...text].slice(0, length).join("") : text);
