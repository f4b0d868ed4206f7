import assert from "node:assert/strict";
import { withOtherProcess } from "../kit/other-process.ts";
import { randomFrom } from "../kit/random.ts";
import { refusedAs } from "../kit/refusal.ts";
import { same } from "../kit/same.ts";
import { linkedTo } from "./links.ts";
import { everything, type LogCases } from "./log-fixture.ts";
import { appendTo, appended, upTo } from "./requests.ts";

/** A log whose hosting process is killed. */
export const kills: LogCases = {
  "keeps all acknowledged events, once and without a hole": async (fixture) => {
    let log = await fixture.open();
    await log.append([appendTo("shared")]);
    const place = fixture.inProcess(log);
    const random = randomFrom(Date.now());
    const acknowledged = new Map<string, [position: number, version: number]>();
    for (let round = 0; round < 3; round++) {
      await log.close();
      await withOtherProcess("append to log", place, async (other) => {
        const said = await other.killedAfter(1 + Math.floor(random() * 60), random() * 15);
        for (const word of said.flat()) {
          const [id = "", position, version] = word.split("/");
          acknowledged.set(id, [Number(position), Number(version)]);
        }
        await other.kill();
      });
      log = await fixture.reopen(log);
      // A server may still store an append that the killed process had sent: whole, before or after this one.
      const [ours] = await appended(log, appendTo("ours"));
      const events = await everything(log);
      same(events[ours!.position - 1], ours);
      const byId = new Map(events.map((event) => [event.id, event]));
      assert.equal(byId.size, events.length);
      for (const [id, numbers] of acknowledged) {
        const event = byId.get(id);
        same(event && [event.position, event.version], numbers, `event ${id}`);
      }
      same(
        events.map(({ position }) => position),
        upTo(events.length),
      );
      const versions = new Map<string, number>();
      for (const { stream, version } of events) {
        assert.equal(version, (versions.get(stream) ?? 0) + 1);
        versions.set(stream, version);
      }
      const linked = await linkedTo(log, "linked");
      same(
        linked.map(({ link }) => link!.version),
        upTo(linked.length),
      );
      const linkedIds = new Set(linked.map(({ id }) => id));
      assert.equal(linkedIds.size, linked.length);
      for (const id of acknowledged.keys()) assert.ok(linkedIds.has(id), `event ${id} is not linked`);
      assert.equal(linked.length % 3, 0, "links were torn");
      // Killed commits have three events each, all or nothing. The others are the first event and one of ours per
      // round.
      assert.equal((events.length - 2 - round) % 3, 0);
    }
  },
};

/** An engine that allows one host among processes. */
export const soleHostAmongProcesses: LogCases = {
  "is refused to another process meanwhile, and given to it afterwards": async (fixture) => {
    const log = await fixture.open();
    const place = fixture.inProcess(log);
    await withOtherProcess("open log", place, async (other) => {
      same(await other.nextMessage(), ["refused", "UNUSABLE_STORE"]);
    });
    await log.append([appendTo("a")]);
    await log.close();
    await withOtherProcess("open log", place, async (other) => {
      same(await other.nextMessage(), ["opened"]);
      await refusedAs("UNUSABLE_STORE", () => log.open());
    });
    // A kill requires neither a time-out nor a cleanup.
    await log.open();
    assert.equal(await log.head(), 1);
  },
};
