import { faultsOfRules } from '../../models/rules.ts';
import type { Body } from './commands.ts';
import { accepted, type ControlSettings, type Outcome, quoted, someOf } from './outcome.ts';
import { contextsOf, type ControlState } from './state.ts';

/** In one form, so that two can be compared. */
export const settingsBody = (limits: ControlSettings): Body<'settings.change'> => ({
  daysMax: limits.daysMax,
  kinds: [...limits.kinds],
  profileAttributes: [...(limits.profileAttributes ?? [])],
  servedAnswersMax: limits.servedAnswersMax ?? 0,
  // Left out where it says nothing: so did those who did not know of it.
  ...(limits.judgement === undefined ? {} : { judgement: limits.judgement }),
});

export const isInForce = ({ settings }: ControlState, limits: ControlSettings): boolean =>
  settings !== null &&
  JSON.stringify(settingsBody(settings)) === JSON.stringify(settingsBody(limits));

/** What was accepted under earlier settings stays. */
export function changeSettings(state: ControlState, body: Body<'settings.change'>): Outcome {
  if (isInForce(state, body)) return accepted('these settings are in force already', []);
  const { daysMax, kinds, profileAttributes, servedAnswersMax, judgement = 1 } = body;
  const attributes = profileAttributes.length === 0 ? 'none' : quoted(profileAttributes);
  const sentence =
    `commands are judged by these settings from here on: events of ${quoted(kinds)}, seen items of ` +
    `${daysMax} days, attributes of users ${attributes}, ${servedAnswersMax} served answers, judgement ${judgement}`;
  return { ...accepted(`${sentence}${tooMuchFor(state, body)}`, []), settings: body };
}

/** Contexts that ask for more than these settings allow: nothing would say so before the next apply. */
function tooMuchFor(state: ControlState, limits: ControlSettings): string {
  const asking = contextsOf(state).filter(({ rules }) => faultsOfRules(rules, limits).length > 0);
  if (asking.length === 0) return '';
  const named = someOf(asking.map(({ context }) => context));
  return `; what ${named} asks for is more, and stays in force until it is applied again, which is refused`;
}
