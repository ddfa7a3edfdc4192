/** Ends the process once what was printed is out: a pipe that nobody has read yet holds 64 KiB. */
export async function leave(code: number): Promise<never> {
  for (const stream of [process.stdout, process.stderr])
    await new Promise<void>((resolve) => void stream.write('', () => resolve()));
  process.exit(code);
}
