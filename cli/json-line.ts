import { Option } from 'commander';

export const jsonLine = (): Option => new Option('--json', 'one line of JSON instead of text');
