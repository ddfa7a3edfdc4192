import { setImmediate as turnOver } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { OutMessage } from '../../lib/stream/topology.ts';
import { createMetrics } from '../../lib/telemetry/metrics.ts';
import { ForeignReplies, type ForeignOptions } from './foreign.ts';
import { gathering } from './gathering.ts';

const message = (topic: string, key: string, partition?: number): OutMessage => ({
  topic,
  key,
  value: null,
  ...(partition === undefined ? {} : { partition }),
});

/** The sends of one partition of requests. */
const lane = { partition: 0, course: 1 };

describe('gathering', () => {
  test('sends together what came in one turn, and then what came meanwhile, in order', async () => {
    const sends: string[][] = [];
    const open: (() => void)[] = [];
    const sender = gathering({
      send: (messages) => {
        sends.push(messages.map(({ key }) => String(key)));
        return new Promise((resolve) => void open.push(resolve));
      },
    });
    const first = [sender.send([message('t', '1')], lane), sender.send([message('t', '2')], lane)];
    await turnOver();
    const others = [sender.send([message('t', '3')], lane), sender.send([message('t', '4')], lane)];
    await turnOver();
    expect(sends).toEqual([['1', '2']]);
    open[0]?.();
    await Promise.all(first);
    await turnOver();
    expect(sends).toEqual([
      ['1', '2'],
      ['3', '4'],
    ]);
    open[1]?.();
    await Promise.all(others);
  });

  test('tells every sender of a failed send, and goes on', async () => {
    let fail = true;
    const sender = gathering({
      send: () => (fail ? Promise.reject(new Error('away')) : Promise.resolve()),
    });
    await expect(sender.send([message('t', '1')], lane)).rejects.toThrow('away');
    fail = false;
    await sender.send([message('t', '2')], { ...lane, course: 2 });
  });

  test('sends nothing of a partition after what failed, until it begins anew', async () => {
    const { promise, reject } = Promise.withResolvers<void>();
    const sent: string[] = [];
    let sends = 0;
    const sender = gathering({
      send: (messages) => {
        sends += 1;
        if (sends === 1) return promise;
        sent.push(...messages.map(({ key }) => String(key)));
        return Promise.resolve();
      },
    });
    const failed = sender.send([message('t', '1')], lane);
    await turnOver();
    const after = sender.send([message('t', '2')], lane);
    const other = sender.send([message('t', 'other')], { partition: 1, course: 2 });
    reject(new Error('not acknowledged'));
    await expect(failed).rejects.toThrow('not acknowledged');
    await expect(after).rejects.toThrow(/goes before/);
    await other;
    await expect(sender.send([message('t', '3')], lane)).rejects.toThrow(/goes before/);
    await sender.send([message('t', '1')], { ...lane, course: 3 });
    expect(sent).toEqual(['other', '1']);
  });
});

describe('replies to topics that are not ours', () => {
  const start = (change: Partial<ForeignOptions> = {}) => {
    const sent: OutMessage[] = [];
    const clock = { ms: 0 };
    const broken = new Set<string>();
    const metrics = createMetrics({ processMetrics: false });
    const replies = new ForeignReplies({
      sender: {
        send: (messages) => {
          if (broken.has(messages[0]?.topic ?? '')) return Promise.reject(new Error('away'));
          sent.push(...messages);
          return Promise.resolve();
        },
      },
      partitionsOf: (topic) => Promise.resolve(topic === 'none' ? undefined : 3),
      metrics,
      clockMs: () => clock.ms,
      warn: () => undefined,
      failuresMax: 3,
      openMs: 10_000,
      ...change,
    });
    return { replies, sent, clock, broken, metrics };
  };

  test('keep a partition that is there, and let the key decide where it is not', async () => {
    const { replies, sent } = start();
    await replies.send([message('t', 'a', 2), message('t', 'b', 9)]);
    expect(sent.map(({ partition }) => partition)).toEqual([2, undefined]);
  });

  test('fail without a word to anyone else', async () => {
    const { replies, sent, broken, metrics } = start();
    broken.add('bad');
    await replies.send([message('bad', 'a'), message('none', 'b'), message('good', 'c')]);
    expect(sent.map(({ topic }) => topic)).toEqual(['good']);
    expect(await metrics.text()).toContain('freshet_replies_total{result="failed"} 2');
  });

  test('leave a topic alone after failures in a row, try once later, and close on success', async () => {
    const { replies, sent, broken, clock, metrics } = start();
    broken.add('t');
    for (let n = 0; n < 5; n += 1) await replies.send([message('t', 'a')]);
    const text = await metrics.text();
    expect(text).toContain('freshet_replies_total{result="failed"} 3');
    expect(text).toContain('freshet_replies_total{result="open"} 2');
    expect(text).toContain('freshet_reply_breakers_open 1');
    broken.clear();
    clock.ms = 10_000;
    await replies.send([message('t', 'a')]);
    expect(sent).toHaveLength(1);
    expect(await metrics.text()).toContain('freshet_reply_breakers_open 0');
  });
});
