const { appendFileSync, mkdirSync } = require('node:fs');
const { dirname } = require('node:path');

// Takes the place of @vscode/spdlog in the VS Code of the npm package. That one is native code and is not built here, and
// without it VS Code writes no log at all: neither the extension's output channel nor its log file would hold a line.

const NAMES = ['trace', 'debug', 'info', 'warning', 'error', 'critical'];
const INFO = 2;
const OFF = 6;

class Logger {
  #path;
  #level = INFO;
  #isPlain = false;

  constructor(_type, _name, path) {
    this.#path = path;
    mkdirSync(dirname(path), { recursive: true });
    appendFileSync(path, '');
  }

  getLevel() {
    return this.#level;
  }

  setLevel(level) {
    this.#level = level;
  }

  setPattern() {
    this.#isPlain = false;
  }

  clearFormatters() {
    this.#isPlain = true;
  }

  flush() {}

  drop() {
    this.#level = OFF;
  }

  write(level, message) {
    if (level < this.#level) return;
    const time = new Date().toISOString().replace('T', ' ').replace('Z', '');
    appendFileSync(this.#path, this.#isPlain ? message : `${time} [${NAMES[level]}] ${message}\n`);
  }
}

['trace', 'debug', 'info', 'warn', 'error', 'critical'].forEach((name, level) => {
  Logger.prototype[name] = function (message) {
    this.write(level, message);
  };
});

const create = async (name, path) => new Logger('rotating', name, path);

// One by one: VS Code imports this file as a module, and only such assignments are seen as its exports.
exports.version = 0;
exports.Logger = Logger;
exports.setLevel = () => undefined;
exports.setFlushOn = () => undefined;
exports.createRotatingLogger = create;
exports.createAsyncRotatingLogger = create;
