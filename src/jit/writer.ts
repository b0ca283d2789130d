/** Collects lines of C with indentation. */
export class Writer {
  readonly #lines: string[] = [];
  #depth = 0;

  line(text: string): void {
    this.#lines.push(text === '' ? '' : '  '.repeat(this.#depth) + text);
  }

  /** A line that starts in the first column: a preprocessor directive or a label. */
  flush(text: string): void {
    this.#lines.push(text);
  }

  /** `head {`, the lines of `body` one level deeper, `}` and `tail`. */
  braces(head: string, body: () => void, tail = ''): void {
    this.line(head === '' ? '{' : `${head} {`);
    this.#depth++;
    body();
    this.#depth--;
    this.line(`}${tail}`);
  }

  indented(body: () => void): void {
    this.#depth++;
    body();
    this.#depth--;
  }

  toString(): string {
    return `${this.#lines.join('\n')}\n`;
  }
}
