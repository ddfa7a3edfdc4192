import type { Environment } from '../../lib/config/environment.ts';

/** What the settings of services are read from. */
export const hostEnvironment = (environment: Environment = process.env): Environment => environment;

/** Settings of the process that hosts services, beside those of the services themselves. */
export const hostConfig = (environment = process.env) => ({
  /** For tests: where to end the process, see lib/stream/failpoints.ts. */
  failpoint: environment['FRESHET_FAILPOINT'],
});
