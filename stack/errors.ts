import { UserError } from '../lib/errors.ts';

/** What keeps the stack from starting, in one line that ends with what cures it. */
export class StackError extends UserError {
  readonly cure: string;

  constructor(problem: string, cure: string) {
    super(`${problem} Cure: ${cure}`);
    this.cure = cure;
  }
}
