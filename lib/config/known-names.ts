import type { Environment } from './environment.ts';

/** Every variable that a config.ts reads, the services' own too; a test holds the list to them. */
export const knownNames: readonly string[] = [
  'FRESHET_ANONYMOUS_PREFIX',
  'FRESHET_CACHE_DIR',
  'FRESHET_CANDIDATES_DEPTH_TIMES_MAX',
  'FRESHET_CANDIDATES_FIGURES_AGE_MS',
  'FRESHET_CANDIDATES_FIGURES_MAX',
  'FRESHET_CANDIDATES_OPEN_EXAMPLES_MAX',
  'FRESHET_CANDIDATES_RANKINGS_AGE_MS',
  'FRESHET_CANDIDATES_ROWS_AGE_MS',
  'FRESHET_CANDIDATES_ROWS_MIB',
  'FRESHET_CANDIDATES_SLICE_RECORDS_MAX',
  'FRESHET_CANDIDATES_USERS_AT_ONCE',
  'FRESHET_CANDIDATES_WARM_DAYS',
  'FRESHET_CANDIDATES_WEIGHTS_AGE_MS',
  'FRESHET_COUNTS_HALF_LIFE_DAYS',
  'FRESHET_EVENT_TYPES',
  'FRESHET_EXPERIMENTS_LATENESS_MS',
  'FRESHET_EXPERIMENTS_LOOK_MS',
  'FRESHET_FAILED_IN_A_ROW_MAX',
  'FRESHET_FAILED_OF_1000_MAX',
  'FRESHET_FAILPOINT',
  'FRESHET_HOST',
  'FRESHET_INGEST_AGE_DAYS_MAX',
  'FRESHET_INGEST_AHEAD_MS_MAX',
  'FRESHET_INGEST_EVENT_BYTES_MAX',
  'FRESHET_INGEST_IDS_MAX',
  'FRESHET_ITEM_HORIZON_DAYS',
  'FRESHET_KAFKA_BROKERS',
  'FRESHET_KAFKA_CLIENT_ID',
  'FRESHET_KAFKA_CLIENT_SECRET_FILE',
  'FRESHET_KAFKA_PASSWORD_FILE',
  'FRESHET_KAFKA_SASL_MECHANISM',
  'FRESHET_KAFKA_SESSION_TIMEOUT_MS',
  'FRESHET_KAFKA_SSL',
  'FRESHET_KAFKA_SSL_CA_FILE',
  'FRESHET_KAFKA_SSL_CERT_FILE',
  'FRESHET_KAFKA_SSL_KEY_FILE',
  'FRESHET_KAFKA_TOKEN_CA_FILE',
  'FRESHET_KAFKA_TOKEN_FILE',
  'FRESHET_KAFKA_TOKEN_SCOPE',
  'FRESHET_KAFKA_TOKEN_URL',
  'FRESHET_KAFKA_USERNAME',
  'FRESHET_LEARNING_CACHE_MB',
  'FRESHET_LOG_LEVEL',
  'FRESHET_MERGED_EVENTS_MAX',
  'FRESHET_METRICS_LABEL_VALUES_MAX',
  'FRESHET_PAGE_TOKEN_KEY',
  'FRESHET_PAGE_TOKEN_KEY_FILE',
  'FRESHET_PAIRED_ITEMS_MAX',
  'FRESHET_PARTITIONS',
  'FRESHET_PORT',
  'FRESHET_PREFIX',
  'FRESHET_PROFILE_ATTRIBUTES',
  'FRESHET_PROMETHEUS_URL',
  'FRESHET_RECENT_ITEMS_MAX',
  'FRESHET_REDIS_PASSWORD_FILE',
  'FRESHET_REDIS_SENTINEL_PASSWORD_FILE',
  'FRESHET_REDIS_SENTINEL_USERNAME',
  'FRESHET_REDIS_SSL_CA_FILE',
  'FRESHET_REDIS_SSL_CERT_FILE',
  'FRESHET_REDIS_SSL_KEY_FILE',
  'FRESHET_REDIS_URL',
  'FRESHET_REDIS_USERNAME',
  'FRESHET_REGISTRY_PASSWORD_FILE',
  'FRESHET_REGISTRY_SSL_CA_FILE',
  'FRESHET_REGISTRY_SSL_CERT_FILE',
  'FRESHET_REGISTRY_SSL_KEY_FILE',
  'FRESHET_REGISTRY_TIMEOUT_MS',
  'FRESHET_REGISTRY_TOKEN_FILE',
  'FRESHET_REGISTRY_URL',
  'FRESHET_REGISTRY_USERNAME',
  'FRESHET_REPLY_TOPICS',
  'FRESHET_SEEN_AGE_DAYS',
  'FRESHET_SEEN_ITEMS_MAX',
  'FRESHET_SERVED_ANSWERS_MAX',
  'FRESHET_SERVING_BACKLOG_MAX',
  'FRESHET_SERVING_FETCH_BYTES_MAX',
  'FRESHET_SERVING_FETCH_MS_MAX',
  'FRESHET_SERVING_REPLY_MS_MAX',
  'FRESHET_SERVING_REQUEST_BYTES_MAX',
  'FRESHET_SERVING_WAIT_MS_MAX',
  'FRESHET_SESSION_GAP_MINUTES',
  'FRESHET_SIGNAL_PACK_BYTES_MAX',
  'FRESHET_SLICE_RECORDS_MAX',
  'FRESHET_STATE_FILE',
  'FRESHET_USER_HORIZON_DAYS',
];

const prefix = 'FRESHET_';
const editsMax = 2;

/**
 * Variables that look like misspelt settings, which would otherwise be passed over in silence.
 * Others with the prefix are left alone: Kubernetes makes such names of its own for services.
 */
export function misspelt(environment: Environment): string[] {
  const strange = Object.keys(environment).filter(
    (name) => name.startsWith(prefix) && !knownNames.includes(name),
  );
  return strange.toSorted().flatMap((name) => {
    const near = nearestOf(name, knownNames);
    return near === null ? [] : [`${name} is not a setting: did you mean ${near}?`];
  });
}

/** The word at most two edits away, if there is one. */
export function nearestOf(word: string, words: readonly string[]): string | null {
  const near = words
    .map((known) => ({ known, edits: editsBetween(word, known) }))
    .filter(({ edits }) => edits <= editsMax)
    .toSorted((a, b) => a.edits - b.edits);
  return near[0]?.known ?? null;
}

/** Letters to put in, take out or change to make one word of the other. */
function editsBetween(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row += 1) {
    const line = [row];
    for (let at = 1; at <= b.length; at += 1) {
      const changed = (above[at - 1] ?? 0) + (a[row - 1] === b[at - 1] ? 0 : 1);
      line.push(Math.min(changed, (above[at] ?? 0) + 1, (line[at - 1] ?? 0) + 1));
    }
    above = line;
  }
  return above[b.length] ?? 0;
}
