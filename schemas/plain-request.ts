import type { Request } from './generated/request.ts';

/** A request with nothing but a user and a context. */
export const plainRequest = (userId: string, contextId: string): Request => ({
  user_id: userId,
  context_id: contextId,
  count: null,
  exclude: [],
  session: [],
  deadline_at: null,
  attributes: {},
  page_token: null,
  consent: true,
});
