import type { Environment } from '../../lib/config/environment.ts';

/** What processes of the bed get of the caller's environment: no setting of Freshet's. */
export const basics = (environment: Environment = process.env): Record<string, string> => ({
  PATH: environment['PATH'] ?? '',
  HOME: environment['HOME'] ?? '',
});
