/** A pattern of JavaScript that the linear engine cannot match, or not within the allowed number of steps. */
export class UnsupportedRegexError extends Error {}

/** A JavaScript pattern in RE2's syntax. */
export interface Translation {
  pattern: string;
  /** Characters of the compiled pattern, after its repetitions are expanded. */
  size: number;
}

interface Group {
  /** The flags inside the group: JavaScript's modifiers `(?i-m:…)` change them. */
  flags: string;
  /** The size of all completed parts, and of the last part, which a quantifier multiplies. */
  size: number;
  last: number;
}

const cannot = (what: string) => new UnsupportedRegexError(`matching takes linear time: no ${what}`);

const anyCharacter = "[\\x00-\\x{10FFFF}]";
const noCharacter = "[^\\x00-\\x{10FFFF}]";
/** JavaScript's line terminators; RE2 has "\n" only. */
const notLineEnd = "[^\\n\\r\\x{2028}\\x{2029}]";
/** JavaScript's white space as members of a class; RE2 has ASCII white space only. */
const space = "\\t-\\r \\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}";
const notSpace =
  "\\x00-\\x08\\x0e-\\x1f!-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}\\x{202a}-\\x{202e}" +
  "\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{fefe}\\x{ff00}-\\x{10ffff}";

const controls: Record<string, number> = { t: 9, n: 10, v: 11, f: 12, r: 13 };

/** General categories that RE2 knows only by their abbreviations. */
const categories: Record<string, string> = {
  Letter: "L",
  Lowercase_Letter: "Ll",
  Uppercase_Letter: "Lu",
  Titlecase_Letter: "Lt",
  Modifier_Letter: "Lm",
  Other_Letter: "Lo",
  Mark: "M",
  Number: "N",
  Decimal_Number: "Nd",
  Punctuation: "P",
  Symbol: "S",
  Separator: "Z",
  Space_Separator: "Zs",
  Other: "C",
  Control: "Cc",
};

const character = (codePoint: number) => `\\x{${codePoint.toString(16)}}`;

/** Translates a pattern that JavaScript has accepted. @throws UnsupportedRegexError */
export const toRe2 = (source: string, flags: string): Translation => new Translator(source, flags).translate();

class Translator {
  readonly #source: string;
  readonly #isUnicode: boolean;
  readonly #groups: Group[];
  #at = 0;
  #pattern: string;

  constructor(source: string, flags: string) {
    this.#source = source;
    this.#isUnicode = flags.includes("u");
    this.#groups = [{ flags, size: 0, last: 0 }];
    this.#pattern = flags.includes("i") ? "(?i)" : "";
  }

  get #group(): Group {
    return this.#groups.at(-1)!;
  }

  translate(): Translation {
    while (this.#at < this.#source.length) this.#next();
    return { pattern: this.#pattern, size: this.#group.size + this.#group.last };
  }

  #take(pattern: RegExp): RegExpExecArray | null {
    const sticky = new RegExp(pattern, "y");
    sticky.lastIndex = this.#at;
    const found = sticky.exec(this.#source);
    if (found) this.#at += found[0].length;
    return found;
  }

  #add(text: string, size = 1): void {
    this.#pattern += text;
    this.#group.size += this.#group.last;
    this.#group.last = size;
  }

  #next(): void {
    if (this.#take(/\\b/)) this.#add("\\b");
    else if (this.#take(/\\B/)) this.#add("\\B");
    else if (this.#take(/\./)) this.#add(this.#group.flags.includes("s") ? anyCharacter : notLineEnd);
    else if (this.#take(/\^/)) this.#add(this.#group.flags.includes("m") ? "(?m:^)" : "\\A");
    else if (this.#take(/\$/)) this.#add(this.#group.flags.includes("m") ? "(?m:$)" : "\\z");
    else if (this.#take(/\|/)) this.#add("|");
    else if (this.#take(/\(/)) this.#open();
    else if (this.#take(/\)/)) this.#close();
    else if (this.#take(/\[/)) this.#class();
    else if (!this.#quantifier()) this.#add(this.#atom(false));
  }

  #open(): void {
    const modified = this.#take(/\?([ims]*)(?:-([ims]*))?:/);
    if (!modified && this.#take(/\?<?[=!]/)) throw cannot("look-ahead or look-behind");
    // No group needs to capture: back references are not supported, and nothing is replaced.
    if (!modified) this.#take(/\?<[^>]*>/);
    const [, added = "", removed = ""] = modified ?? [];
    const { flags } = this.#group;
    const inside = [...flags, ...added].filter((flag) => !removed.includes(flag)).join("");
    const isChanged = inside.includes("i") !== flags.includes("i");
    this.#pattern += !isChanged ? "(?:" : inside.includes("i") ? "(?i:" : "(?-i:";
    this.#groups.push({ flags: inside, size: 0, last: 0 });
  }

  #close(): void {
    const { size, last } = this.#groups.pop()!;
    this.#add(")", Math.max(1, size + last));
  }

  #quantifier(): boolean {
    const counted = this.#take(/\{(\d+)(?:(,)(\d*))?\}\??/);
    const found = counted ?? this.#take(/[*+?]\??/);
    if (!found) return false;
    this.#pattern += found[0];
    if (!counted) return true;
    const [, least = "", comma, most = ""] = counted;
    const times = Number(comma === undefined || most === "" ? least : most);
    if (times > 1000) throw new UnsupportedRegexError(`at most 1000 repetitions, not ${times}`);
    this.#group.last *= Math.max(1, times);
    return true;
  }

  /** Translates one character, or an escape for one character or a set, outside or inside a class. */
  #atom(isInClass: boolean): string {
    if (!this.#take(/\\/)) return character(this.#codePoint());
    const set = this.#take(/[dDwW]/);
    if (set) return `\\${set[0]}`;
    if (this.#take(/s/)) return isInClass ? space : `[${space}]`;
    if (this.#take(/S/)) return isInClass ? notSpace : `[^${space}]`;
    const property = this.#isUnicode ? this.#take(/([pP])\{(?:([\w]+)=)?(\w+)\}/) : null;
    if (property) return propertyIn(property);
    return character(this.#escaped(isInClass));
  }

  #codePoint(): number {
    const found = this.#source.codePointAt(this.#at)!;
    this.#at += found > 0xffff ? 2 : 1;
    return found;
  }

  /** The code point of an escape, after its backslash. */
  #escaped(isInClass: boolean): number {
    if (isInClass && this.#take(/b/)) return 8;
    const control = this.#take(/[tnvfr]/);
    if (control) return controls[control[0]]!;
    if (this.#take(/0(?!\d)/)) return 0;
    if (this.#take(/\d/)) throw cannot("back references and octal escapes");
    if (this.#take(/k(?=<)/)) throw cannot("back references");
    const letter = this.#take(/c([A-Za-z])/);
    if (letter) return letter[1]!.charCodeAt(0) % 32;
    if (this.#take(/c/)) throw new UnsupportedRegexError("a letter after \\c");
    return this.#hexadecimal() ?? this.#codePoint();
  }

  #hexadecimal(): number | null {
    const pair = this.#take(/u(d[89ab][\da-f]{2})\\u(d[c-f][\da-f]{2})/i);
    if (pair) return String.fromCharCode(...pair.slice(1).map((half) => Number.parseInt(half, 16))).codePointAt(0)!;
    const found =
      this.#take(/x([\da-fA-F]{2})/) ??
      this.#take(/u([\da-fA-F]{4})/) ??
      (this.#isUnicode ? this.#take(/u\{([\da-fA-F]+)\}/) : null);
    return found && Number.parseInt(found[1]!, 16);
  }

  /** Translates a class, after its opening bracket. */
  #class(): void {
    const isNegated = this.#take(/\^/) !== null;
    if (this.#take(/\]/)) return this.#add(isNegated ? anyCharacter : noCharacter);
    let members = "";
    let size = 1;
    while (!this.#take(/\]/)) {
      const member = this.#member();
      members += member;
      if (this.#group.flags.includes("i")) size += foldingSize(member);
    }
    this.#add(`[${isNegated ? "^" : ""}${members}]`, size);
  }

  /** Translates a range or a single member. A dash beside a set of characters is literal. */
  #member(): string {
    const first = this.#atom(true);
    if (!this.#take(/-(?!\])/)) return first;
    const last = this.#atom(true);
    return isCharacter(first) && isCharacter(last) ? `${first}-${last}` : `${first}\\-${last}`;
  }
}

/** Case folding of a range makes the compiler visit each of its characters. */
function foldingSize(member: string): number {
  if (member === notSpace) return 300;
  const [, first, last] = /^\\x\{([\da-f]+)\}-\\x\{([\da-f]+)\}$/.exec(member) ?? [];
  return first === undefined ? 0 : Math.floor((Number.parseInt(last!, 16) - Number.parseInt(first, 16)) / 1000);
}

const isCharacter = (atom: string) => /^\\x\{[\da-f]+\}$/.test(atom);

function propertyIn([, letter, key, value = ""]: RegExpExecArray): string {
  if (key === undefined || key === "General_Category" || key === "gc")
    return `\\${letter}{${categories[value] ?? value}}`;
  if (key === "Script" || key === "sc") return `\\${letter}{${value}}`;
  throw cannot(`property ${key}`);
}
