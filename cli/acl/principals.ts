import { installationOf } from '../../lib/config/topic-set.ts';
import type { Topic } from '../../topics/topic.ts';
import type { AclConfig } from './config.ts';
import {
  type KafkaGrant,
  kafkaGrants,
  operatorGrants,
  outsiderGrants,
  outsiders,
  repairGrants,
} from './kafka-grants.ts';
import { operatorRules, type RedisRules, redisRules, rulesOf } from './redis-rules.ts';
import { repairAccess, serviceAccess } from './service-access.ts';

/** Somebody who logs in, to Kafka and to Redis by one name. */
export interface Principal {
  /** A service, or who in `topics/` is none, or the operator. */
  readonly who: string;
  readonly name: string;
  readonly kafka: readonly KafkaGrant[];
  /** Null: no user on Redis. */
  readonly redis: RedisRules | null;
}

export const operator = 'operator';
/** People who work on failed events, and on nothing else. */
export const repairers = 'repairers';

export const principalName = (prefix: string, who: string): string =>
  `${installationOf(prefix)}-${who}`;

/** Everybody that an installation needs to let in. */
export function principals(topics: readonly Topic[], config: AclConfig): Principal[] {
  const named = (who: string, rights: Pick<Principal, 'kafka' | 'redis'>): Principal => ({
    who,
    name: principalName(config.prefix, who),
    ...rights,
  });
  return [
    ...Object.keys(serviceAccess).map((service) =>
      named(service, {
        kafka: kafkaGrants(service, topics, config),
        redis: redisRules(service, config.prefix),
      }),
    ),
    ...outsiders.map((who) =>
      named(who, { kafka: outsiderGrants(who, topics, config), redis: null }),
    ),
    named(repairers, {
      kafka: repairGrants(topics, config),
      redis: rulesOf(repairAccess, config.prefix),
    }),
    named(operator, { kafka: operatorGrants(config), redis: operatorRules(config.prefix) }),
  ];
}
