import { type Command, InvalidArgumentError } from 'commander';

import { type CommonConfig, commonConfig } from '../../lib/config/common.ts';
import { UserError } from '../../lib/errors.ts';
import { partitionOf } from '../../lib/kafka/partitioner.ts';
import { openRedis, type RedisPort } from '../../lib/redis/redis-port.ts';
import { readCurrent } from '../../lib/stream/current.ts';
import { foldKeys } from '../../lib/stream/keys.ts';
import type { Catalogue } from '../../models/catalogue.ts';
import { decodeCandidates, listPrefix } from '../../schemas/packed/candidates.ts';
import { type ExternalList, listOfSource } from '../../schemas/packed/external-candidates.ts';
import { completeFromMs, kindBit, listSeen } from '../../schemas/packed/seen-items.ts';
import { decodeAttributes, decodeUserFeatures } from '../../schemas/packed/user-features.ts';
import { prefixFor } from '../../topics/sets.ts';
import { notCurrentSet } from '../data/current-set.ts';
import { readCatalogue } from '../data/definitions.ts';
import { textTable } from '../data/text-table.ts';
import { currentGenerations } from '../data/progress-of-services.ts';
import { readTitles } from '../data/titles.ts';
import { print } from '../output.ts';

interface UserFlags {
  readonly limit: number;
  readonly titles: boolean;
  readonly json?: boolean;
}

export function registerUserCommand(program: Command): void {
  program
    .command('user')
    .argument('<id>', 'which user')
    .description('show what is known of a user: features, seen items, candidates of each model')
    .option('--limit <number>', 'rows of each list (the JSON has all)', whole, 10)
    .option('--no-titles', 'show ids only')
    .option('--json', 'print one JSON line')
    .action(user);
}

async function user(id: string, flags: UserFlags): Promise<void> {
  const config = commonConfig();
  const redis = await openRedis(config.redis);
  const asJson = flags.json === true;
  try {
    const [known, titles] = await Promise.all([
      readUser(redis, config, id),
      flags.titles && !asJson ? readTitles(config) : new Map<string, string>(),
    ]);
    if (known.features === null && known.seen === null) {
      const isAny = (await currentGenerations(redis, config.prefix)).length > 0;
      throw new UserError(
        isAny
          ? `nothing is known of user '${id}'`
          : `nothing is known of any user: no service has state here, as none was started yet or Redis lost it, which \`npx freshet verify\` says`,
      );
    }
    const otherSet = await notCurrentSet(redis, config);
    if (otherSet !== null) console.error(`freshet: ${otherSet}`);
    print({ json: asJson }, known, text(known, titles, flags.limit));
  } finally {
    await redis.close();
  }
}

const iso = (ms: number): string => new Date(ms).toISOString();

type Known = Awaited<ReturnType<typeof readUser>>;

/** Everything that services have published about one user. */
async function readUser(redis: RedisPort, config: CommonConfig, id: string) {
  const row = async (fold: string, key: string): Promise<Buffer | null> => {
    const current = await readCurrent(redis, prefixFor(config.prefix, fold), fold);
    if (current === null) return null;
    // A list's key begins with its model; its partition is its user's.
    const keys = foldKeys(current);
    return (await redis.mget([keys.row(partitionOf(id, current.partitions), key)]))[0] ?? null;
  };
  const catalogue = await readCatalogue(config);
  const versions = [...catalogue.modelsInUse().keys()];
  const [features, seen, proposed, ...lists] = await Promise.all([
    row('user-features', id),
    row('seen-items', id),
    row('external', id),
    ...versions.map((version) => row('candidates', `${listPrefix(version)}${id}`)),
  ]);
  return {
    user_id: id,
    features: features === null ? null : featuresOf(features, config),
    seen: seen === null ? null : seenOf(seen, config),
    candidates: Object.fromEntries(
      versions.flatMap((version, index) => {
        const bytes = lists[index];
        return bytes === null || bytes === undefined ? [] : [[version, listOf(bytes)] as const];
      }),
    ),
    external: Object.fromEntries(
      externalSources(catalogue).flatMap((source) => {
        const list = proposed === null ? null : listOfSource(proposed, source);
        return list === null ? [] : [[source, externalOf(list)] as const];
      }),
    ),
  };
}

/** Whose lists the models in use serve. */
const externalSources = (catalogue: Catalogue): string[] => {
  const sources = [...catalogue.modelsInUse().values()].flatMap(({ definition }) => {
    const { source } = definition.retrieval;
    return definition.kind === 'external' && typeof source === 'string' ? [source] : [];
  });
  return [...new Set(sources)];
};

function externalOf({ computedAtMs, items }: ExternalList) {
  return {
    computed_at: iso(computedAtMs),
    items: items.map(({ itemId, score }) => ({ item_id: itemId, score })),
  };
}

function featuresOf(bytes: Buffer, { types, profileAttributes }: CommonConfig) {
  const { firstSeenMs, lastSeenMs, session, counts, recents } = decodeUserFeatures(bytes, types);
  return {
    first_seen: iso(firstSeenMs),
    last_seen: iso(lastSeenMs),
    session: { started_at: iso(session.startedAtMs), events: session.events },
    counts: Object.fromEntries(counts.map(({ type, weight }) => [type, Number(weight.toFixed(3))])),
    attributes: Object.fromEntries(decodeAttributes(bytes, profileAttributes)),
    recent_items: recents.map(({ itemId, atMs, type }) => ({
      item_id: itemId,
      at: iso(atMs),
      type,
    })),
  };
}

function seenOf(bytes: Buffer, { types }: CommonConfig) {
  const since = completeFromMs(bytes);
  return {
    complete_since: since === null ? null : iso(since),
    items: listSeen(bytes).map(({ itemId, atMs, kinds }) => ({
      item_id: itemId,
      last_seen: iso(atMs),
      by: types.filter((type) => (kinds & kindBit(types, type)) !== 0),
    })),
  };
}

function listOf(bytes: Buffer) {
  const { candidates, computedAtMs, newestAtMs, profileOffset } = decodeCandidates(bytes);
  return {
    computed_at: iso(computedAtMs),
    newest_interaction_at: iso(newestAtMs),
    profile_offset: profileOffset,
    items: candidates.map(({ itemId, score }) => ({ item_id: itemId, score })),
  };
}

type Titles = ReadonlyMap<string, string>;

function text(known: Known, titles: Titles, limit: number): string {
  const { features, seen, candidates, external } = known;
  const parts = [`user ${known.user_id}`];
  if (features !== null) {
    const counts = Object.entries(features.counts).map(([type, weight]) => `${type} ${weight}`);
    parts.push(
      `features: first seen ${features.first_seen}, last seen ${features.last_seen}, ` +
        `${features.session.events} event(s) in the session since ${features.session.started_at}`,
      `decayed counts: ${counts.join(', ')}`,
      table(`${features.recent_items.length} recent items`, features.recent_items, titles, limit),
    );
  }
  if (seen !== null) {
    const reach = seen.complete_since === null ? '' : `, complete since ${seen.complete_since}`;
    parts.push(table(`${seen.items.length} seen items${reach}`, seen.items, titles, limit));
  }
  for (const [version, list] of Object.entries(candidates)) {
    const head = `${list.items.length} candidates of ${version}, computed ${list.computed_at}`;
    parts.push(table(head, list.items, titles, limit));
  }
  for (const [source, list] of Object.entries(external)) {
    const head = `${list.items.length} proposed by ${source}, computed ${list.computed_at}`;
    parts.push(table(head, list.items, titles, limit));
  }
  if (Object.keys(candidates).length === 0) parts.push('no candidates (shared models keep none)');
  return parts.join('\n');
}

interface Listed {
  readonly item_id: string;
  readonly at?: string;
  readonly last_seen?: string;
  readonly score?: number;
}

function table(head: string, items: readonly Listed[], titles: Titles, limit: number): string {
  if (items.length === 0) return `${head}: none`;
  const rows = items.slice(0, limit).map((item) => {
    const figure = item.at ?? item.last_seen ?? item.score?.toPrecision(3) ?? '';
    return [`  ${item.item_id}`, titles.get(item.item_id) ?? '', figure];
  });
  const more = items.length - limit;
  const shown = textTable(['  item', 'title', 'time or score'], rows);
  return `${head}:\n${shown}${more > 0 ? `\n  (and ${more} more)` : ''}`;
}

function whole(given: string): number {
  if (!/^\d{1,5}$/.test(given)) throw new InvalidArgumentError('must be a whole number.');
  return Number(given);
}
