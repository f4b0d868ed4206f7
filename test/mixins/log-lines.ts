import { format } from "node:util";
import { Loggers } from "moleculer";

type Bindings = Parameters<Loggers.Base<object>["getLogHandler"]>[0];

/** A Moleculer logger that collects lines from a level on, for tests of the operator's log. */
export class LogLines extends Loggers.Base<object> {
  readonly lines: { level: string; module: string; text: string }[] = [];

  override getLogHandler({ mod }: Bindings): (level: string, args: unknown[]) => void {
    return (level, args) => this.lines.push({ level, module: mod, text: format(...args) });
  }

  of(level: string, pattern: RegExp): string[] {
    return this.lines.filter((line) => line.level === level && pattern.test(line.text)).map(({ text }) => text);
  }
}
