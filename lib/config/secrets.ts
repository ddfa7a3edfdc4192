import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';

import { messageOf, UserError } from '../errors.ts';
import type { TlsFiles } from '../http-call.ts';

/** The text of a file that a setting names. */
function fileText(setting: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError(`${setting} cannot be read: ${messageOf(error)}`);
  }
}

/** The secret in a file; the line end that editors add is none of it. */
export function secretIn(setting: string, file: string): string {
  const secret = fileText(setting, file).trim();
  if (secret === '') throw new UserError(`${setting}: ${file} is empty`);
  return secret;
}

/**
 * A property that is read from its file whenever somebody needs it, so that a new secret is in use
 * from the next connection on, and that no printing, logging or copying of the object shows.
 */
export function withSecret<T extends object, Name extends string>(
  target: T,
  name: Name,
  read: () => string,
): T & Readonly<Record<Name, string>> {
  // A file that is not there is a mistake to be told of at the start.
  read();
  return Object.defineProperty(target, name, { get: read, enumerable: false }) as T &
    Readonly<Record<Name, string>>;
}

export interface TlsSettings {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/**
 * Certificates from their files: `name` starts the settings' names after FRESHET_ (KAFKA_SSL). Undefined
 * where none is given.
 */
export function tlsFiles(name: string, { ca, cert, key }: TlsSettings): TlsFiles | undefined {
  if ((cert === undefined) !== (key === undefined)) {
    throw new UserError(
      `FRESHET_${name}_CERT_FILE and FRESHET_${name}_KEY_FILE belong together: set both`,
    );
  }
  if (ca === undefined && cert === undefined) return undefined;
  const files = {
    ...(ca === undefined ? {} : { ca: fileText(`FRESHET_${name}_CA_FILE`, ca) }),
    ...(cert === undefined ? {} : { cert: fileText(`FRESHET_${name}_CERT_FILE`, cert) }),
    ...(key === undefined ? {} : { key: fileText(`FRESHET_${name}_KEY_FILE`, key) }),
  };
  // Clients copy what is enumerable, so the key has to be; logs and dumps get this instead.
  const shown = (): string => '[certificates]';
  return Object.defineProperties(files, {
    toJSON: { value: shown, enumerable: false },
    [inspect.custom]: { value: shown, enumerable: false },
  });
}
