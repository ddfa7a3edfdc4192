/** What a command says: for people, or as one JSON document where --json was given. */
export interface Output {
  readonly json: boolean;
}

export function print(output: Output, value: unknown, text: string): void {
  console.log(output.json ? JSON.stringify(value) : text);
}
