import {
  itemsOfAnswer,
  lastServedMs,
  servedContexts,
  type ServedContext,
  servedHeaderBytes,
  servedItemsMax,
  servedLayout,
} from '../../schemas/packed/served.ts';

export interface ServedLimits {
  /** Per context. */
  readonly answersMax: number;
  /** Per user; the one served longest ago goes. */
  readonly contextsMax: number;
}

/** One answer, or one page of it. */
export interface Shown {
  readonly context: string;
  readonly items: readonly string[];
  readonly atMs: number;
  /** It goes on where the newest answer in its context ended. */
  readonly isNextPage: boolean;
}

/** Folds what was shown into what its user was served (layout: schemas/packed/served.ts). */
export function noteShown(row: Buffer | undefined, shown: Shown, limits: ServedLimits): Buffer {
  const known = row === undefined ? [] : servedContexts(row);
  const before = known.find(({ context }) => context === shown.context)?.answers ?? [];
  const [newest] = before;
  const answers =
    shown.isNextPage && newest !== undefined
      ? [answerOf([...itemsOfAnswer(newest), ...shown.items]), ...before.slice(1)]
      : [answerOf(shown.items), ...before];
  const contexts = [
    { context: shown.context, answers: answers.slice(0, limits.answersMax) },
    ...known.filter(({ context }) => context !== shown.context),
  ].slice(0, limits.contextsMax);
  const lastMs = Math.max(row === undefined ? 0 : lastServedMs(row), shown.atMs);
  return rowOf(contexts, lastMs);
}

const answerOf = (items: readonly string[]): Buffer => {
  const kept = items.slice(-servedItemsMax);
  return Buffer.concat([Buffer.from([kept.length]), ...kept.map(idOf)]);
};

const idOf = (id: string): Buffer => {
  const bytes = Buffer.from(id);
  if (bytes.length > 255) throw new RangeError('an id of more than 255 bytes was served');
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
};

const rowOf = (contexts: readonly ServedContext[], lastMs: number): Buffer => {
  const header = Buffer.alloc(servedHeaderBytes);
  header[0] = servedLayout;
  header.writeUIntLE(lastMs, 1, 6);
  return Buffer.concat([
    header,
    ...contexts.flatMap(({ context, answers }) => [
      idOf(context),
      Buffer.from([answers.length]),
      ...answers,
    ]),
  ]);
};
