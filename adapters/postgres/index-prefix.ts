/** In characters. A B-tree index entry has at most 2,700 bytes, and a character has at most four. */
const length = 500;

/** The part of a text that a B-tree index contains. Prefixes sort like their texts, or are equal. */
export const indexPrefixInSql = (column: string) => `left(${column}, ${length})`;

export const indexPrefixOf = (text: string) => (text.length > length ? [...text].slice(0, length).join("") : text);
