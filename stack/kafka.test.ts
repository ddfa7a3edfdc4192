import { expect, test } from 'vitest';
import { reasonIn } from './local-part.ts';
import { serverProperties } from './kafka.ts';

const ports = [
  { client: 9092, controller: 9093 },
  { client: 9192, controller: 9193 },
  { client: 9292, controller: 9293 },
];

test('a single broker listens on this machine only, and keeps one copy of everything', () => {
  const lines = serverProperties(1, ports.slice(0, 1), '/data/broker-1').split('\n');
  expect(lines).toContain('listeners=PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093');
  expect(lines).toContain('controller.quorum.voters=1@127.0.0.1:9093');
  expect(lines).toContain('offsets.topic.replication.factor=1');
  expect(lines).toContain('auto.create.topics.enable=false');
});

test('of three brokers each knows all voters, and a write reaches two', () => {
  const lines = serverProperties(2, ports, '/data/broker-2').split('\n');
  expect(lines).toContain('node.id=2');
  expect(lines).toContain('listeners=PLAINTEXT://127.0.0.1:9192,CONTROLLER://127.0.0.1:9193');
  expect(lines).toContain(
    'controller.quorum.voters=1@127.0.0.1:9093,2@127.0.0.1:9193,3@127.0.0.1:9293',
  );
  expect(lines).toContain('offsets.topic.replication.factor=3');
  expect(lines).toContain('min.insync.replicas=2');
});

test.each([
  ['', 'it said nothing'],
  ['starting\nready\n', 'ready'],
  ['WARN fine\nERROR no space left\n\tat java.io.File\n', 'ERROR no space left'],
  [
    '[2026-11-23] ERROR Exiting (kafka.Kafka$)\njava.lang.RuntimeException: wrong node id.\n',
    'java.lang.RuntimeException: wrong node id',
  ],
  ['java.io.A: no\nCaused by: java.io.B: full\n\tat x\n', 'java.io.B: full'],
  ['ERROR stopping\nSocket: Address already in use.\n', 'Socket: Address already in use'],
])('the reason in the log %j is found', (log, reason) => {
  expect(reasonIn(log)).toBe(reason);
});
