import { monotonicMs } from '../clock.ts';
import { messageOf } from '../errors.ts';
import { callHttp, type TlsFiles } from '../http-call.ts';

export interface ClientCredentials {
  readonly url: string;
  readonly clientId: string;
  readonly secret: () => string;
  readonly scope: string | undefined;
  readonly tls: TlsFiles | undefined;
}

const timeoutMs = 10_000;
/** Of a token's life: the rest is for the connection that it is handed to. */
const useShare = 0.8;

/**
 * Tokens by the grant `client_credentials` (RFC 6749, 4.4). One is used for all connections until
 * four fifths of its life are over; who asks meanwhile waits for the same answer.
 */
export function clientCredentials(given: ClientCredentials): () => Promise<{ value: string }> {
  let known: { readonly token: Promise<Token>; untilMs: number } | null = null;
  return async () => {
    if (known === null || known.untilMs <= monotonicMs()) {
      const next = { token: fetchToken(given), untilMs: Number.POSITIVE_INFINITY };
      known = next;
      next.token.then(
        ({ lifeMs }) => (next.untilMs = monotonicMs() + lifeMs * useShare),
        () => (next.untilMs = 0),
      );
    }
    return { value: (await known.token).value };
  };
}

interface Token {
  readonly value: string;
  readonly lifeMs: number;
}

/** What the endpoint says may hold the token, or the secret: of it only the error's name is told. */
async function fetchToken({
  url,
  clientId,
  secret,
  scope,
  tls,
}: ClientCredentials): Promise<Token> {
  const form = new URLSearchParams({ grant_type: 'client_credentials' });
  if (scope !== undefined) form.set('scope', scope);
  // Both are form-encoded before they are joined (RFC 6749, 2.3.1).
  const login = `${encodeURIComponent(clientId)}:${encodeURIComponent(secret())}`;
  const where = new URL(url).origin;
  let answer: { readonly status: number; readonly text: string };
  try {
    answer = await callHttp(url, {
      method: 'POST',
      headers: {
        accept: 'application/json',
        authorization: `Basic ${Buffer.from(login).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: form.toString(),
      timeoutMs,
      tls,
    });
  } catch (error) {
    throw new Error(`no token from ${where}: ${messageOf(error)}`, { cause: error });
  }
  const body = parsed(answer.text);
  const { access_token: value, expires_in: life, error } = body;
  if (answer.status === 200 && typeof value === 'string' && value !== '') {
    const seconds = Number(life);
    return { value, lifeMs: Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : 60_000 };
  }
  const said = typeof error === 'string' ? ` (${error.slice(0, 80)})` : '';
  throw new Error(`no token from ${where}: status ${answer.status}${said}`);
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
