/** Settings of the process that hosts services, beside those of the services themselves. */
export const hostConfig = (environment = process.env) => ({
  /** For tests: where to end the process, see lib/stream/failpoints.ts. */
  failpoint: environment['FRESHET_FAILPOINT'],
});
