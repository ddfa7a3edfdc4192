import type { SeenLimits } from '../../models/rules.ts';
import type { Body } from './commands.ts';
import { accepted, type Outcome, quoted } from './outcome.ts';
import type { ControlState } from './state.ts';

/** In one form, so that two can be compared. */
export const settingsBody = (limits: SeenLimits): Body<'settings.change'> => ({
  daysMax: limits.daysMax,
  kinds: [...limits.kinds],
  profileAttributes: [...(limits.profileAttributes ?? [])],
  servedAnswersMax: limits.servedAnswersMax ?? 0,
});

export const isInForce = ({ settings }: ControlState, limits: SeenLimits): boolean =>
  settings !== null &&
  JSON.stringify(settingsBody(settings)) === JSON.stringify(settingsBody(limits));

/** What was accepted under earlier settings stays. */
export function changeSettings(state: ControlState, body: Body<'settings.change'>): Outcome {
  if (isInForce(state, body)) return accepted('these settings are in force already', []);
  const { daysMax, kinds, profileAttributes, servedAnswersMax } = body;
  const attributes = profileAttributes.length === 0 ? 'none' : quoted(profileAttributes);
  const sentence =
    `commands are judged by these settings from here on: events of ${quoted(kinds)}, seen items of ` +
    `${daysMax} days, attributes of users ${attributes}, ${servedAnswersMax} served answers`;
  return { ...accepted(sentence, []), settings: body };
}
