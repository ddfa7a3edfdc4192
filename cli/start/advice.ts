import type { Asker } from '../data/asking.ts';
import { plainRequest } from '../../schemas/plain-request.ts';
import { demoExperiment } from './experiment.ts';

const answerMsMax = 10_000;

/** What to try next, with users, contexts and an item that are there. */
export async function adviceFor(options: {
  readonly asker: Asker;
  readonly users: readonly string[];
  readonly contexts: readonly string[];
  readonly titles: ReadonlyMap<string, string>;
  /** Where the commands find the stack, if not at the usual place. */
  readonly stateFile: string | undefined;
}): Promise<string> {
  const { asker, users, contexts, titles } = options;
  const [contextId = 'home-feed', other = contextId] = contexts;
  const [userId = '', second = userId] = users;
  const answer = await asker.ask(plainRequest(userId, contextId), answerMsMax);
  const item = answer?.recommendation.items[0]?.item_id;
  const lines = [
    'Everything is running. In another terminal, in this folder:',
    '',
    ...(options.stateFile === undefined
      ? []
      : [`  export FRESHET_STATE_FILE=${options.stateFile}`]),
    `  npx freshet request --user ${userId} --context ${contextId}`,
    `  npx freshet request --user ${second} --context ${other} --count 3`,
    `  npx freshet user ${userId}                    what is known of this user`,
    '  npx freshet tail recommendations -n 3      the newest answers on their topic',
    '  npx freshet lag                            how far each service is behind',
    `  npx freshet experiment show ${demoExperiment}    two models side by side, and what can be said of them`,
    `  npx freshet experiment report ${demoExperiment}  the same as a page`,
    '  npx freshet verify                         fold the logs again and compare everything',
  ];
  if (item !== undefined) {
    const event = { user_id: userId, item_id: item, type: 'purchase', occurred_at: 'now' };
    lines.push(
      '',
      `Change an answer: user ${userId} buys ${item} (${titles.get(item) ?? 'no title'}), the first item`,
      `of their ${contextId}. In the next answer it is gone, and others come up:`,
      '',
      `  echo '${JSON.stringify(event)}' | npx freshet publish -`,
      `  npx freshet request --user ${userId} --context ${contextId}`,
    );
  }
  lines.push('', `Users: ${users.join(', ')}. Contexts: ${contexts.join(', ')}.`);
  return lines.join('\n');
}
