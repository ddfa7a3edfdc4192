import { z } from 'zod';
import { noSuchType } from './type-weights.ts';

/**
 * The hard rules of a context, closed and few by design. A rule is never a tweak: it removes items
 * that must not be shown, on every path, as the last step (services/serving), and does nothing
 * else. What ranks, scores or looks up belongs in a model, where an experiment can test it.
 */

/** Of an item, a user's profile or a request. 'category' is every category that an item has. */
const attributeName = z
  .string()
  .regex(
    /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/,
    'must be a name of letters, digits, _ and -, at most 64',
  );
export const categoryAttribute = 'category';

/** What an item's attribute is compared with. */
const comparedSchema = z.union(
  [
    z.strictObject({ oneOf: z.array(z.string().min(1).max(200)).min(1).max(100) }),
    /** The user's own: the newest value among the user's interactions. */
    z.strictObject({ profile: attributeName }),
    z.strictObject({ request: attributeName }),
  ],
  { error: () => "must be one of {oneOf: [...]}, {profile: 'name'} and {request: 'name'}" },
);
export type Compared = z.infer<typeof comparedSchema>;

const notSeen = z.strictObject({
  rule: z.literal('not-seen'),
  /** Kinds of event that make an item seen; left out: every kind. */
  kinds: z.array(z.string().min(1).max(64)).min(1).max(32).optional(),
  /** Seen within so many days; left out: as far back as seen-items keeps. */
  withinDays: z.number().int().min(1).max(36_500).optional(),
});

const attribute = z
  .strictObject({
    rule: z.literal('attribute'),
    attribute: attributeName,
    /** Only items with such a value are left. */
    require: comparedSchema.optional(),
    /** No item with such a value is left. */
    forbid: comparedSchema.optional(),
    /**
     * What becomes of an item where it, or what it is compared with, has no value. Left out:
     * removed where a value is required, kept where it is forbidden.
     */
    missing: z.enum(['keep', 'remove']).optional(),
  })
  .refine((rule) => (rule.require === undefined) !== (rule.forbid === undefined), {
    error: "must say either 'require' or 'forbid'",
  });

/** Of the whole answer, all its pages counted together. */
const atMost = z.strictObject({
  rule: z.literal('at-most'),
  items: z.number().int().min(1).max(200),
  /** Items without a value are not limited; one in several categories counts in each. */
  per: z.union([z.literal(categoryAttribute), z.strictObject({ attribute: attributeName })], {
    error: () => "must be 'category' or {attribute: 'name'}",
  }),
});

export const servedAnswersLimit = 20;

const rules = [
  notSeen,
  /** Known on the topic items, and now between available_from and available_until. */
  z.strictObject({ rule: z.literal('available') }),
  attribute,
  /** Not an item whose attribute is the user's id: a seller's own. */
  z.strictObject({ rule: z.literal('not-own'), attribute: attributeName }),
  atMost,
  /** Not among the items of the user's last answers in this context. */
  z.strictObject({
    rule: z.literal('not-served'),
    answers: z.number().int().min(1).max(servedAnswersLimit),
  }),
  /** Not on the request's own list. Always there: a context that leaves it out gets it, last. */
  z.strictObject({ rule: z.literal('exclude') }),
] as const;

export const ruleNames = [
  'not-seen',
  'available',
  'attribute',
  'not-own',
  'at-most',
  'not-served',
  'exclude',
] as const;

export const noSuchRule = (named: unknown): string =>
  `there is no rule '${String(named)}' (there are ${ruleNames.join(', ')}): a rule removes items and ` +
  'nothing else; what ranks, scores or looks up belongs in a model, where an experiment can test it';

export const ruleSchema = z.discriminatedUnion('rule', rules, {
  error: ({ code, input }) =>
    code === 'invalid_union' ? noSuchRule((input as { rule?: unknown }).rule ?? '') : undefined,
});

export type Rule = z.infer<typeof ruleSchema>;
export type RuleName = Rule['rule'];
export type NotSeenRule = Extract<Rule, { rule: 'not-seen' }>;
export type AttributeRule = Extract<Rule, { rule: 'attribute' }>;
export type AtMostRule = Extract<Rule, { rule: 'at-most' }>;

export const withExclude = (given: readonly Rule[]): Rule[] =>
  given.some(({ rule }) => rule === 'exclude') ? [...given] : [...given, { rule: 'exclude' }];

const rulesMax = 16;

/** Those of a context. The one that is added counts too, so that what is published can be read. */
export const rulesSchema = z
  .array(ruleSchema)
  .max(rulesMax)
  .default([])
  .transform(withExclude)
  .refine((given) => given.length <= rulesMax, {
    error: `must be at most ${rulesMax - 1}: 'exclude' is always added`,
  });

export const comparedOf = (rule: AttributeRule): Compared | undefined =>
  rule.require ?? rule.forbid;

/** Attributes of items that have to be known so that these rules can be judged. */
export const itemAttributesOf = (given: readonly Rule[]): string[] => {
  const named = given.flatMap((rule) => {
    if (rule.rule === 'attribute' || rule.rule === 'not-own') return [rule.attribute];
    return rule.rule === 'at-most' && rule.per !== categoryAttribute ? [rule.per.attribute] : [];
  });
  return [...new Set(named)].filter((one) => one !== categoryAttribute);
};

/** What the folds keep and count: a rule cannot ask for more. */
export interface SeenLimits {
  readonly daysMax: number;
  readonly kinds: readonly string[];
  /** Attributes of interactions that `user-features` keeps; left out: none. */
  readonly profileAttributes?: readonly string[];
  /** Answers that `served` keeps per user and context; left out: none. */
  readonly servedAnswersMax?: number;
}

/** Why rules ask for more than can be known; one line each. Null: a rule with faults of its own. */
export const faultsOfRules = (given: readonly (Rule | null)[], limits: SeenLimits): string[] =>
  given.flatMap((rule, index) =>
    rule === null ? [] : faultsOf(rule, limits).map((fault) => `rules.${index}.${fault}`),
  );

/** The one who judges, and those who keep: none of them knows what the others were started under. */
const askLess = (setting: string): string =>
  `ask for fewer, or start control, and all services that keep less, with a larger ${setting}`;

const faultsOf = (rule: Rule, limits: SeenLimits): string[] => {
  if (rule.rule === 'not-seen') return faultsOfNotSeen(rule, limits);
  if (rule.rule === 'attribute') return faultsOfAttribute(rule, limits);
  const { servedAnswersMax = 0 } = limits;
  if (rule.rule === 'not-served' && rule.answers > servedAnswersMax)
    return [
      `answers: ${rule.answers} answers are asked for, but ${servedAnswersMax} are kept: ` +
        askLess('FRESHET_SERVED_ANSWERS_MAX'),
    ];
  return [];
};

const faultsOfNotSeen = (rule: NotSeenRule, { kinds, daysMax }: SeenLimits): string[] => [
  ...(rule.kinds ?? [])
    .filter((kind) => !kinds.includes(kind))
    .map((kind) => `kinds: ${noSuchType(kind, kinds)}`),
  ...((rule.withinDays ?? 0) > daysMax
    ? [
        `withinDays: ${rule.withinDays} days are asked for, but ${daysMax} are kept: ${askLess('FRESHET_SEEN_AGE_DAYS')}`,
      ]
    : []),
];

const faultsOfAttribute = (
  rule: AttributeRule,
  { profileAttributes = [] }: SeenLimits,
): string[] => {
  const compared = comparedOf(rule);
  if (compared === undefined || !('profile' in compared)) return [];
  if (profileAttributes.includes(compared.profile)) return [];
  const there = profileAttributes.length === 0 ? 'there are none' : profileAttributes.join(', ');
  return [
    `${rule.require === undefined ? 'forbid' : 'require'}.profile: no attribute '${compared.profile}' is kept ` +
      `(${there}): start control and all services with it in FRESHET_PROFILE_ATTRIBUTES`,
  ];
};
