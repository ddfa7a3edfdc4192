import { parseArgs } from 'node:util';
import { kinds } from '../../models/kinds.ts';
import type { Learned, OwnItem, PersonalRetrieval, RowCodec } from '../../models/model.ts';
import { profileOf } from '../../models/profile.ts';
import { visits } from '../../models/visits.ts';
import { interactionsOf } from './synthetic.ts';

/**
 * CPU of one user's list of a kind that learns from visits: the rows of the recent items, their
 * neighbours' heads, 100 candidates. Figures are asked for many users before the first is ranked,
 * as a slice does it.
 */
const { values: args } = parseArgs({
  options: {
    model: { type: 'string', default: 'co-visits' },
    events: { type: 'string', default: '100000' },
    users: { type: 'string', default: '2500' },
    recents: { type: 'string', default: '10' },
    lists: { type: 'string', default: '5000' },
    /** Lists that are made first, and not counted. */
    warm: { type: 'string', default: '2000' },
    help: { type: 'boolean', default: false },
  },
});
if (args.help) {
  console.log(
    'node bench/micro/retrieval.ts [--model co-visits|blend] [--events N] [--users N] ' +
      '[--recents PER_USER] [--lists N] [--warm LISTS]\n' +
      'as the pipeline has it: --model blend --events 200000 --users 3000 --recents 20',
  );
  process.exit(0);
}
const usersAtOnce = 50;
const world = { items: null, weights: null };
const nobody = { user: '', session: '' };

interface Knowledge {
  readonly users: ReadonlyMap<string, readonly OwnItem[]>;
  readonly rows: ReadonlyMap<string, Buffer>;
  readonly rankings: readonly Buffer[];
}

const kindOf = (name: string) => {
  const kind = kinds.get(name);
  if (kind?.userSide !== visits) throw new Error(`'${name}' does not learn from visits`);
  return kind;
};

const wholeOf = <Row>(codec: RowCodec<Row>, row: Row): Buffer[] => {
  const write = codec.encode(row);
  return 'whole' in write ? [write.whole] : [];
};

function learn(kind: ReturnType<typeof kindOf>): Knowledge {
  const side = kind.itemSide(kind.learningSchema.parse({}));
  const ranking = side.ranking?.empty();
  const rows = new Map<string, unknown>();
  const users = new Map<string, OwnItem[]>();
  const shape = { events: Number(args.events), users: Number(args.users), items: 20_000 };
  for (const event of interactionsOf(shape)) {
    const { user_id, item_id: itemId, occurred_at: atMs, event_clock: clock, type } = event;
    const recents = users.get(user_id) ?? [];
    for (const signal of visits.signals(itemId, atMs, recents, nobody)) {
      const row = side.learn(rows.get(signal.item), signal, { atMs, clock, type });
      if (row === null) continue;
      rows.set(signal.item, row);
      side.ranking?.place(ranking, signal.item, row);
    }
    const before = recents.find((recent) => recent.itemId === itemId);
    const counted = { visits: (before?.visits ?? 0) + 1, firstAtMs: before?.firstAtMs ?? atMs };
    const others = recents.filter((recent) => recent !== before);
    users.set(
      user_id,
      [{ itemId, atMs, type, ...counted }, ...others].slice(0, Number(args.recents)),
    );
  }
  const stored = new Map<string, Buffer>();
  for (const [item, row] of rows)
    for (const whole of wholeOf(side.rows, row)) stored.set(item, whole);
  const rankings = side.ranking === null ? [] : wholeOf(side.ranking, ranking);
  return { users, rows: stored, rankings };
}

const pick = (
  from: ReadonlyMap<string, Buffer>,
  items: readonly string[] | undefined,
): Map<string, Buffer> =>
  new Map(
    (items ?? []).flatMap((item) => (from.has(item) ? [[item, from.get(item) as Buffer]] : [])),
  );

/** Microseconds of CPU since the last call. */
let last = process.cpuUsage();
const lapUs = (): number => {
  const { user, system } = process.cpuUsage(last);
  last = process.cpuUsage();
  return user + system;
};

function measure(retrieval: PersonalRetrieval, { users, rows, rankings }: Knowledge): string {
  const profiles = [...users].map(([user, recents]) => profileOf(user, recents));
  const headBytes = retrieval.sources[0]?.headBytes ?? 0;
  const heads = new Map([...rows].map(([item, row]) => [item, row.subarray(0, headBytes)]));
  const sum = { figuresUs: 0, rankUs: 0, lists: 0, heads: 0, candidates: 0 };
  const warm = Number(args.warm);
  for (let from = 0; from < warm + Number(args.lists); from += usersAtOnce) {
    const some = Array.from(
      { length: usersAtOnce },
      (_, n) => profiles[(from + n) % profiles.length] as (typeof profiles)[number],
    );
    const known = some.map(
      (profile): Learned => ({
        rows: pick(rows, retrieval.wants(profile)[0]),
        heads: new Map(),
        rankings,
      }),
    );
    lapUs();
    const figures = some.map(
      (profile, n) => retrieval.figures(profile, [known[n] as Learned], world)[0],
    );
    const figuresUs = lapUs();
    const all = known.map((one, n): Learned => ({ ...one, heads: pick(heads, figures[n]) }));
    lapUs();
    const lists = some.map((profile, n) => retrieval.rank(profile, [all[n] as Learned], world));
    const rankUs = lapUs();
    if (from < warm) continue;
    sum.figuresUs += figuresUs;
    sum.rankUs += rankUs;
    sum.lists += usersAtOnce;
    for (const ids of figures) sum.heads += ids?.length ?? 0;
    for (const list of lists) sum.candidates += list.length;
  }
  const per = (total: number): string => (total / sum.lists).toFixed(0);
  return (
    `per list: figures ${per(sum.figuresUs)} us, rank ${per(sum.rankUs)} us, ` +
    `${per(sum.heads)} heads, ${per(sum.candidates)} candidates`
  );
}

const kind = kindOf(args.model);
const retrieval = kind.retrieval(kind.learningSchema.parse({}), kind.retrievalSchema.parse({}));
if (retrieval.shared) throw new Error(`'${args.model}' makes one list for all`);
console.log(measure(retrieval, learn(kind)));
