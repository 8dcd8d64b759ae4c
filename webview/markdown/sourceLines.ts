/** Line starts of a source; a line is complete when its line feed has arrived. */
export class SourceLines {
  readonly source: string;
  readonly #starts: readonly number[];
  /** Lines below this index are complete. */
  readonly completeCount: number;

  constructor(source: string) {
    this.source = source;
    const starts = [0];
    for (let at = source.indexOf('\n'); at !== -1; at = source.indexOf('\n', at + 1)) starts.push(at + 1);
    this.#starts = starts;
    this.completeCount = starts.length - 1;
  }

  /** Offset of a line; the end of the source for a line that is not there. */
  startOf(line: number): number {
    return this.#starts[line] ?? this.source.length;
  }

  text(line: number): string {
    const end = line < this.completeCount ? this.startOf(line + 1) - 1 : this.source.length;
    return this.source.slice(this.startOf(line), end);
  }

  isComplete(line: number): boolean {
    return line < this.completeCount;
  }

  isBlank(line: number): boolean {
    return /^[ \t]*$/.test(this.text(line));
  }
}
