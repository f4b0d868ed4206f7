import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "../surface/source-file.ts";

interface Message {
  id?: number;
  method?: string;
  result?: unknown;
}

interface Diagnostic {
  range: { start: { line: number } };
  message: string;
}

/** The compiler as the language server of an editor (Language Server Protocol over standard input and output). */
export class LanguageServer {
  readonly #process = spawn(join(root, "node_modules/.bin/tsc"), ["--lsp", "--stdio"]);
  readonly #asked = new Map<number, (result: unknown) => void>();
  #received = Buffer.alloc(0);
  #lastId = 0;

  constructor() {
    this.#process.stdout.on("data", (part: Buffer) => {
      this.#received = Buffer.concat([this.#received, part]);
      for (let message = this.#next(); message; message = this.#next()) this.#answer(message);
    });
  }

  async start(): Promise<void> {
    const capabilities = { textDocument: { hover: { contentFormat: ["markdown"] } } };
    await this.#ask("initialize", { processId: process.pid, rootUri: pathToFileURL(root).href, capabilities });
    this.#send({ method: "initialized", params: {} });
  }

  /** The type that an editor shows for the name at a place, in one line. Lines and characters are counted from 0. */
  async hover(file: string, line: number, character: number): Promise<string | undefined> {
    const textDocument = { uri: pathToFileURL(file).href };
    const answer = await this.#ask("textDocument/hover", { textDocument, position: { line, character } });
    const { contents } = (answer ?? {}) as { contents?: { value: string } };
    const type = /^```\w+\n(.*?)\n```/s.exec(contents?.value ?? "")?.[1];
    return type?.replace(/\s+/g, " ");
  }

  /** What the compiler says, by line. */
  async problems(file: string): Promise<Map<number, string>> {
    const textDocument = { uri: pathToFileURL(file).href };
    const answer = (await this.#ask("textDocument/diagnostic", { textDocument })) as { items: Diagnostic[] };
    const byLine = Map.groupBy(answer.items, ({ range }) => range.start.line);
    return new Map([...byLine].map(([line, found]) => [line, found.map(({ message }) => message).join("\n")]));
  }

  open(file: string, text = readFileSync(file, "utf8")): void {
    const textDocument = { uri: pathToFileURL(file).href, languageId: "typescript", version: 1, text };
    this.#send({ method: "textDocument/didOpen", params: { textDocument } });
  }

  async stop(): Promise<void> {
    const ended = once(this.#process, "close");
    await this.#ask("shutdown");
    this.#send({ method: "exit" });
    await ended;
  }

  #ask(method: string, params?: object): Promise<unknown> {
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      this.#asked.set(id, resolve);
      this.#send({ id, method, params });
    });
  }

  #answer({ id, method, result }: Message): void {
    if (id === undefined) return;
    // The server's own requests (capabilities, configuration) may be left without a value, but not without a response.
    if (method !== undefined) this.#send({ id, result: null });
    else this.#asked.get(id)?.(result);
  }

  #next(): Message | null {
    const end = this.#received.indexOf("\r\n\r\n");
    const length = Number(/Content-Length: (\d+)/i.exec(this.#received.toString("utf8", 0, Math.max(end, 0)))?.[1]);
    const last = end + 4 + length;
    if (end < 0 || this.#received.length < last) return null;
    const text = this.#received.toString("utf8", end + 4, last);
    this.#received = this.#received.subarray(last);
    return JSON.parse(text) as Message;
  }

  #send(message: object): void {
    const text = JSON.stringify({ jsonrpc: "2.0", ...message });
    this.#process.stdin.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
  }
}
