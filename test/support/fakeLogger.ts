import type { Logger } from '../../src/core/ports.ts';

/** Keeps what was logged, by level. */
export class FakeLogger implements Logger {
  readonly lines: { readonly level: string; readonly message: string }[] = [];

  at(level: string): readonly string[] {
    return this.lines.filter((line) => line.level === level).map((line) => line.message);
  }

  trace(message: string): void {
    this.lines.push({ level: 'trace', message });
  }
  debug(message: string): void {
    this.lines.push({ level: 'debug', message });
  }
  info(message: string): void {
    this.lines.push({ level: 'info', message });
  }
  warn(message: string): void {
    this.lines.push({ level: 'warn', message });
  }
  error(message: string, cause?: unknown): void {
    this.lines.push({
      level: 'error',
      message: cause instanceof Error ? `${message}: ${cause.message}` : message,
    });
  }
}
