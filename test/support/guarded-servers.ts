import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

async function listening(server: Server) {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const close = async (): Promise<void> => {
    server.close();
    server.closeAllConnections();
  };
  return { port: (server.address() as AddressInfo).port, close };
}

/** Gives tokens that nobody signed, which the broker of the tests takes, and keeps who asked. */
export async function tokenServer() {
  const seen: string[] = [];
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const server = createServer((request, response) => {
    const login = (request.headers.authorization ?? '').replace('Basic ', '');
    seen.push(Buffer.from(login, 'base64').toString());
    const iat = Math.floor(Date.now() / 1_000);
    const claims = { sub: 'sec-ingest', iat, exp: iat + 300 };
    const token = `${part({ alg: 'none' })}.${part(claims)}.`;
    response.end(JSON.stringify({ access_token: token, expires_in: 300 }));
  });
  const { port, close } = await listening(server);
  return { url: `http://127.0.0.1:${port}/token`, logins: () => seen, close };
}

export interface GuardedRegistryOptions {
  /** Where the registry itself is. */
  readonly url: string;
  /** The header that opens the door. */
  readonly login: string;
  readonly certificate: string;
  readonly key: string;
}

/** A registry behind a door that wants a login, over TLS. */
export async function guardedRegistry(options: GuardedRegistryOptions) {
  const behind = new URL(options.url);
  const files = { cert: readFileSync(options.certificate), key: readFileSync(options.key) };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = 'GET', url = '', headers } = request;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = chunks.length === 0 ? null : Buffer.concat(chunks);
    const type = headers['content-type'] ?? 'application/json';
    const asked = { method, body, headers: { 'content-type': type } };
    const said = await fetch(new URL(url, behind), asked);
    response.writeHead(said.status, { 'content-type': 'application/json' });
    response.end(Buffer.from(await said.arrayBuffer()));
  };
  const server = createTlsServer(files, (request, response) => {
    if (request.headers.authorization !== options.login) response.writeHead(401).end('{}');
    else answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  const { port, close } = await listening(server);
  return { url: `https://127.0.0.1:${port}${behind.pathname}`, close };
}
