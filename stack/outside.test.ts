import { expect, test } from 'vitest';

import { stackEnvironment } from './config.ts';
import { checkOutside } from './outside.ts';

const checked = (redisUrl: string) =>
  checkOutside(stackEnvironment({ FRESHET_REDIS_URL: redisUrl }));

test.each([
  'redis+cluster://127.0.0.1:1,127.0.0.1:2',
  'redis+sentinel://127.0.0.1:1,127.0.0.1:2/main',
])('of %s somebody must listen', async (url) => {
  await expect(checked(url)).rejects.toThrow(
    'Nothing listens at 127.0.0.1:1, 127.0.0.1:2 (FRESHET_REDIS_URL)',
  );
});

test('what is no address is not repeated: it may hold a password', async () => {
  await expect(checked('redis://ann:secret@a b')).rejects.not.toThrow('secret');
});
