/** Search parameters whose values are as secret as a password. */
const secretParameter = /([?&][\w-]*(?:password|passwd|passphrase|secret|token)=)[^&#\s]*/gi;
/** Where the user and the password of a URL begin, or the password alone if the user is recognised. */
const credentials = /:(?:\/+[^\s:@/]*:|\/*)/;
/** A URL without a host, or with a character in its password that ends the host: the supposed port is the password. */
const unfinished = /(:\/+[^\s:@/[]*:)(?!\d*(?:[/?#,\s]|$))[^]*$/;

/**
 * Replaces the password of a URL in a text by `***`, for messages and data; also if the URL is malformed. Hides too
 * much rather than a part of a password: a user without a password may be a token and is replaced, too.
 */
export function withoutPassword(text: string): string {
  const shown = text.replace(secretParameter, "$1***");
  const end = shown.lastIndexOf("@");
  const begin = credentials.exec(shown);
  const from = begin ? begin.index + begin[0].length : Infinity;
  return end < from ? shown.replace(unfinished, "$1***") : `${shown.slice(0, from)}***${shown.slice(end)}`;
}
