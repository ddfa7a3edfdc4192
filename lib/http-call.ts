import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';

/** What TLS needs beyond what the system trusts, as texts in PEM. */
export interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface HttpCall {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly timeoutMs: number;
  /** Left out: the system's certificates, and none of our own. */
  readonly tls?: TlsFiles | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

/** More than any schema or token has. */
const answerBytesMax = 8 * 1024 * 1024;

/** One call with a deadline for all of it. */
export async function callHttp(url: string, call: HttpCall): Promise<HttpAnswer> {
  if (call.tls !== undefined) return callWithOwnTls(url, call, call.tls);
  const { method, headers, body } = call;
  const signal = AbortSignal.timeout(call.timeoutMs);
  const response = await fetch(url, { method, headers: { ...headers }, body, signal });
  return { status: response.status, text: await response.text() };
}

/** fetch takes no certificates. Redirects are not followed: a login would go with them. */
function callWithOwnTls(url: string, call: HttpCall, tls: TlsFiles): Promise<HttpAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  const signal = AbortSignal.timeout(call.timeoutMs);
  const request = url.startsWith('https:') ? tlsRequest : plainRequest;
  const sent = request(
    url,
    { ...tls, agent: false, method: call.method, headers: { ...call.headers }, signal },
    (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > answerBytesMax) response.destroy(new Error('the answer is too large'));
        else chunks.push(chunk);
      });
      response.once('error', reject);
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
      );
    },
  );
  sent.once('error', reject);
  sent.end(call.body ?? undefined);
  return promise;
}
