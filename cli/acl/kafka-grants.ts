import { type Topic, topicName } from '../../topics/topic.ts';
import { installationOf } from '../../lib/config/topic-set.ts';
import type { AclConfig } from './config.ts';
import { prefixesFor, setsInUse } from './sets-in-use.ts';
import { hasIdentities, serviceAccess } from './service-access.ts';

export type KafkaOperation = 'Read' | 'Write' | 'Describe' | 'All';

/** One ACL. Read and Write let a principal describe as well. */
export interface KafkaGrant {
  readonly resource: 'topic' | 'group';
  readonly name: string;
  readonly pattern: 'literal' | 'prefixed';
  readonly operation: KafkaOperation;
}

const everyConsumer = 'every consumer';

const onTopic = (name: string, operation: KafkaOperation): KafkaGrant => ({
  resource: 'topic',
  name,
  pattern: 'literal',
  operation,
});

const onGroups = (name: string, pattern: KafkaGrant['pattern']): KafkaGrant => ({
  resource: 'group',
  name,
  pattern,
  operation: 'Read',
});

const writes = ({ writtenBy }: Topic, who: string): boolean =>
  writtenBy.includes(who) ||
  (writtenBy.includes(everyConsumer) && serviceAccess[who]?.fails === true);

const topicGrants = (who: string, topics: readonly Topic[], { prefix }: AclConfig): KafkaGrant[] =>
  namesOf(topics, prefix).flatMap(({ topic, name }) => {
    return [
      ...(topic.readBy.includes(who) ? [onTopic(name, 'Read')] : []),
      ...(writes(topic, who) ? [onTopic(name, 'Write')] : []),
      ...(serviceAccess[who]?.lengths.includes(topic.thing) === true
        ? [onTopic(name, 'Describe')]
        : []),
    ];
  });

/** Of the set of internal topics that is named, and of the one before it: either may be current. */
const namesOf = (
  topics: readonly Topic[],
  prefix: string,
): { readonly topic: Topic; readonly name: string }[] =>
  topics.flatMap((topic) =>
    [...new Set(setsInUse(prefix).map((own) => topicName(own, topic)))].map((name) => ({
      topic,
      name,
    })),
  );

/** Reply topics are `name` or `start*`, as FRESHET_REPLY_TOPICS has them. */
const replyGrants = ({ replyTopics }: AclConfig): KafkaGrant[] =>
  replyTopics.map((name) =>
    name.endsWith('*') && name !== '*'
      ? { ...onTopic(name.slice(0, -1), 'Write'), pattern: 'prefixed' }
      : onTopic(name, 'Write'),
  );

/**
 * A service's groups start with its own name: `<prefix>.<service>.`, whether a fold is in it or a
 * table is read. Only what keeps nothing shares one group by its bare name.
 */
const groupGrants = (service: string, { prefix }: AclConfig): KafkaGrant[] =>
  prefixesFor(prefix, service).flatMap((of) => {
    const own = `${of}.${service}`;
    return [
      onGroups(`${own}.`, 'prefixed'),
      ...(hasIdentities(service) ? [onGroups(`${own}:`, 'prefixed')] : []),
      ...(serviceAccess[service]?.keeps === null ? [onGroups(own, 'literal')] : []),
    ];
  });

/** What one service may do on Kafka, and nothing else. */
export const kafkaGrants = (
  service: string,
  topics: readonly Topic[],
  config: AclConfig,
): KafkaGrant[] => [
  ...topicGrants(service, topics, config),
  ...(service === 'serving' ? replyGrants(config) : []),
  ...groupGrants(service, config),
];

/** Those who are no services: shops' own programs, by the words in `topics/`. */
export const outsiders = ['producers', 'applications'] as const;

export const outsiderGrants = (
  who: (typeof outsiders)[number],
  topics: readonly Topic[],
  config: AclConfig,
): KafkaGrant[] => {
  const granted = topicGrants(who, topics, config);
  const group = onGroups(`${installationOf(config.prefix)}.${who}.`, 'prefixed');
  return granted.some(({ operation }) => operation === 'Read') ? [...granted, group] : granted;
};

/** For `freshet failed` alone, as `topics/` names it. */
export const repairGrants = (topics: readonly Topic[], config: AclConfig): KafkaGrant[] => [
  ...topicGrants('freshet failed', topics, config),
  // Of whoever reads a log from its start to its end.
  onGroups(`${installationOf(config.prefix)}.read.`, 'prefixed'),
];

/** For the `freshet` command: it makes topics, reads every log again, and resets groups. */
export const operatorGrants = ({ prefix }: AclConfig): KafkaGrant[] => {
  const own = installationOf(prefix);
  return [
    { resource: 'topic', name: `${own}.`, pattern: 'prefixed', operation: 'All' },
    { resource: 'group', name: own, pattern: 'prefixed', operation: 'All' },
  ];
};

/** The arguments of Kafka's own kafka-acls.sh that make a grant. */
export const kafkaAclsLine = (principal: string, grant: KafkaGrant): string => {
  const { resource, name, pattern, operation } = grant;
  return (
    'kafka-acls.sh --bootstrap-server "$KAFKA" --command-config admin.properties --add ' +
    `--allow-principal 'User:${principal}' --operation ${operation} ` +
    `--${resource} '${name}' --resource-pattern-type ${pattern}`
  );
};
