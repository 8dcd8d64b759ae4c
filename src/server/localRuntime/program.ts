import { createHash, randomBytes } from 'node:crypto';
import { cp, mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LettaError } from '../../core/lettaConnection.ts';

/** What of the extension's dist/ the detached processes need. */
const PARTS = ['broker.cjs', 'demoModel.cjs', 'runtime'];
const IDENTIFYING = ['broker.cjs', 'demoModel.cjs', join('runtime', 'package.json')];
const ENTRY = 'broker.cjs';

/**
 * The programs of the local runtime. They run from a copy in the state folder: an update of the extension removes its
 * folder under the running processes, and subagents, images and skills would break.
 */
export class Program {
  readonly #assetsDir: string;
  readonly #dir: string;
  readonly version: string;

  private constructor(assetsDir: string, stateDir: string, version: string) {
    this.#assetsDir = assetsDir;
    this.#dir = join(stateDir, 'versions', version);
    this.version = version;
  }

  /** `extensionVersion` is completed by a digest, so that a rebuilt extension of the same version is another program. */
  static async find(assetsDir: string, stateDir: string, extensionVersion: string): Promise<Program> {
    const digest = createHash('sha256');
    try {
      for (const name of IDENTIFYING) digest.update(await readFile(join(assetsDir, name)));
      await stat(join(assetsDir, 'runtime', 'letta.js'));
    } catch (cause) {
      throw new LettaError(
        'runtimeMissing',
        'Files of Letta are missing from the extension. Install the extension again.',
        { cause },
      );
    }
    return new Program(assetsDir, stateDir, `${extensionVersion}-${digest.digest('hex').slice(0, 12)}`);
  }

  /** Copies the programs once; several windows may do so at the same time. Returns the path of the broker. */
  async install(): Promise<string> {
    const entry = join(this.#dir, ENTRY);
    if (await exists(entry)) return entry;
    const draft = `${this.#dir}.${randomBytes(4).toString('hex')}`;
    await mkdir(draft, { recursive: true, mode: 0o700 });
    for (const name of PARTS) {
      await cp(join(this.#assetsDir, name), join(draft, name), { recursive: true, dereference: true });
    }
    try {
      await rename(draft, this.#dir);
    } catch (cause) {
      await rm(draft, { recursive: true, force: true });
      // Another window was first.
      if (!(await exists(entry))) throw cause;
    }
    return entry;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    // Whatever the reason, the caller makes it anew and then learns more.
    return false;
  }
}
