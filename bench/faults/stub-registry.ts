import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How a registry may fail. `none`: it hands on to the real one. */
export type RegistryFault =
  | 'none'
  | 'hang'
  | 'slow'
  | 'not_found'
  | 'error'
  | 'too_many'
  | 'not_json'
  | 'wrong_json';

export interface StubRegistry {
  readonly port: number;
  /** Requests that met a fault so far. */
  readonly faulted: number;
  fail(fault: RegistryFault): void;
  close(): Promise<void>;
}

const host = '127.0.0.1';
const slowMs = 5_000;

/** What is said at once, with its status; a schema that is not there has the code that says so. */
const says: Readonly<Partial<Record<RegistryFault, { status: number; body: string }>>> = {
  not_found: { status: 404, body: '{"error_code":40403,"message":"Schema not found"}' },
  error: { status: 500, body: '{"error_code":50001,"message":"store away"}' },
  too_many: { status: 429, body: '{"message":"too many requests"}' },
  not_json: { status: 200, body: '<html>please log in</html>' },
  wrong_json: { status: 200, body: '{"hello":"world"}' },
};

/** A registry in front of the real one that fails as it is told to. */
export async function startStubRegistry(realPort: number): Promise<StubRegistry> {
  let fault: RegistryFault = 'none';
  let faulted = 0;
  const server = createServer((asked, reply) => {
    if (fault === 'none') return handOn(asked, reply, realPort);
    faulted += 1;
    const said = says[fault];
    if (said !== undefined) {
      reply.writeHead(said.status, { 'content-type': 'application/json' });
      reply.end(said.body);
    } else if (fault === 'slow') {
      setTimeout(() => handOn(asked, reply, realPort), slowMs).unref();
    }
    // Left over is to hang: no answer, and no end.
  });
  await new Promise<void>((resolve) => {
    server.listen(0, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    get faulted() {
      return faulted;
    },
    fail: (next) => {
      fault = next;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

function handOn(asked: IncomingMessage, reply: ServerResponse, port: number): void {
  const { method, url, headers } = asked;
  const onward = request(
    { host, port, method, path: url, headers: { ...headers, host: `${host}:${port}` } },
    (answer) => {
      reply.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(reply);
    },
  );
  onward.on('error', () => reply.destroy());
  asked.pipe(onward);
}
