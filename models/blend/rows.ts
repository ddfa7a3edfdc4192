import { cellsCodec } from '../cells.ts';
import { cellLayout } from './layout.ts';
import { Neighbourhood } from './neighbourhood.ts';

export const neighbourhoods = cellsCodec(
  'blend',
  cellLayout,
  (bytes) => new Neighbourhood(bytes, true),
);
