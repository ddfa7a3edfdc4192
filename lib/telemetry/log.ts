import { type DestinationStream, type Logger as PinoLogger, destination, pino } from 'pino';

export type Logger = PinoLogger;
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/**
 * What an error is, and nothing that a client has hung on it: a command to Redis with its arguments,
 * which are users' ids and states or a password, a request with its headers.
 */
function bareError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { type, message, stack } = pino.stdSerializers.err(error);
  const { code } = error as { code?: unknown };
  return { type, message, stack, ...(typeof code === 'string' ? { code } : {}) };
}

/**
 * JSON lines on stderr; stdout belongs to what a command answers. Written synchronously, so that
 * the line that says why a process ended is never lost with it.
 */
export const createLogger = (options: {
  name: string;
  level?: LogLevel;
  /** For tests: where the lines go. */
  stream?: DestinationStream;
}): Logger =>
  pino(
    {
      name: options.name,
      level: options.level ?? 'info',
      redact: {
        paths: ['password', '*.password', 'sasl', '*.sasl', 'url.password', 'authorization'],
        censor: '***',
      },
      serializers: { err: bareError, error: bareError },
    },
    options.stream ?? destination({ dest: 2, sync: true }),
  );

/** For tests and for what has nothing to say. */
export const silentLogger = (): Logger => pino({ level: 'silent' });
