// Plain JavaScript, since it must run on whatever Node the machine has: finds the Node 24 that npm
// installed with the project, and says in one line what to do where there is none.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const own = fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url));
const oldest = [22, 18];

const runsTypeScript = () => {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1]);
};

/** The path of a Node that runs TypeScript as it is; ends the process where there is none. */
export function node24() {
  if (existsSync(own)) return own;
  if (runsTypeScript()) return process.execPath;
  console.error(
    `Node ${process.version} is too old and the project's own Node 24 is not installed: ` +
      'run `npm ci` (without --ignore-scripts)',
  );
  process.exit(1);
}
