import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageOf, UserError } from '../errors.ts';
import type { Metrics } from './metrics.ts';

export interface TelemetryServer {
  readonly host: string;
  /** The port in use, also where a free one was asked for. */
  readonly port: number;
  readonly url: string;
  close(): Promise<void>;
}

export interface TelemetryOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly metrics: Metrics;
  /** Null while the process works, else why not. */
  healthy(): string | null;
  /** Null while it serves, else what it waits for. */
  ready(): string | null;
}

const say = (response: ServerResponse, status: number, body: string, type = 'text/plain'): void => {
  response.writeHead(status, {
    'content-type': type.includes('charset') ? type : `${type}; charset=utf-8`,
    'cache-control': 'no-store',
  });
  response.end(body);
};

const sayState = (response: ServerResponse, trouble: string | null): void =>
  trouble === null ? say(response, 200, 'ok\n') : say(response, 503, `${trouble}\n`);

const handle = async (
  options: TelemetryOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    return say(response, 405, 'only GET is answered here\n');
  }
  const path = (request.url ?? '/').split('?', 1)[0];
  if (path === '/healthz') return sayState(response, options.healthy());
  if (path === '/readyz') return sayState(response, options.healthy() ?? options.ready());
  if (path === '/metrics')
    return say(response, 200, await options.metrics.text(), options.metrics.contentType);
  return say(response, 404, 'try /healthz, /readyz or /metrics\n');
};

/** Serves /healthz, /readyz and /metrics. One per process, however many services it hosts. */
export const startTelemetryServer = async (options: TelemetryOptions): Promise<TelemetryServer> => {
  const server = createServer((request, response) => {
    handle(options, request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else say(response, 500, `${messageOf(error)}\n`);
    });
  });
  server.requestTimeout = 10_000;
  server.maxConnections = 100;
  await new Promise<void>((resolve, fail) => {
    server.once('error', (error) =>
      fail(
        new UserError(
          `cannot listen on ${options.host}:${options.port} for /metrics: ${messageOf(error)}`,
        ),
      ),
    );
    server.listen(options.port, options.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const shownHost = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    host: options.host,
    port,
    url: `http://${shownHost}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
