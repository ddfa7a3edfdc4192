import { type Logger as PinoLogger, destination, pino } from 'pino';

export type Logger = PinoLogger;
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/**
 * JSON lines on stderr; stdout belongs to what a command answers. Written synchronously, so that
 * the line that says why a process ended is never lost with it.
 */
export const createLogger = (options: { name: string; level?: LogLevel }): Logger =>
  pino(
    {
      name: options.name,
      level: options.level ?? 'info',
      redact: {
        paths: ['password', '*.password', 'sasl', '*.sasl', 'url.password'],
        censor: '***',
      },
      serializers: { error: pino.stdSerializers.err },
    },
    destination({ dest: 2, sync: true }),
  );

/** For tests and for what has nothing to say. */
export const silentLogger = (): Logger => pino({ level: 'silent' });
