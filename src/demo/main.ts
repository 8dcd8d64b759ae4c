import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { DemoModelInfo, DemoOffer } from './demoModelInfo.ts';
import { DemoServer } from './demoServer.ts';
import { MODEL_ID } from './script.ts';
import { TestDirectives } from './testDirectives.ts';

/**
 * `demoModel.cjs STATE_FILE`: serves until stdin ends. Port and key are kept in the file (0600), so that an agent made
 * with the demo finds it again after a restart. Prints one line of JSON: DemoModelInfo.
 *
 * It is best connected as the provider `openai-compatible`: the ones for Ollama, LM Studio and llama.cpp are found by the
 * runtime without being connected, and connecting the demo in their place hides a person's own server. Each provider is
 * one connection, so where a person has connected `openai-compatible`, the demo takes another.
 */
const PROVIDERS = [
  { providerId: 'openai-compatible', prefix: 'openai-compatible' },
  { providerId: 'llama-cpp', prefix: 'llama.cpp' },
  { providerId: 'lmstudio', prefix: 'lmstudio' },
] as const;
const stateFile = process.argv[2];

if (stateFile === undefined) {
  process.stderr.write('Needs the path of its state file.\n');
  process.exitCode = 2;
} else {
  void serve(stateFile);
}

async function serve(path: string): Promise<void> {
  const kept = read(path);
  const key = kept?.key ?? randomBytes(24).toString('hex');
  const server = new DemoServer(key, process.env['LETTA_DEMO_TEST'] === '1' ? new TestDirectives() : null);
  const port = await server.listen(kept?.port ?? 0).catch(() => server.listen(0));
  const draft = `${path}.draft`;
  writeFileSync(draft, JSON.stringify({ port, key }), { mode: 0o600 });
  renameSync(draft, path);
  const baseUrl = `http://127.0.0.1:${String(port)}/v1`;
  const [first, ...others] = PROVIDERS;
  const offer = ({ providerId, prefix }: (typeof PROVIDERS)[number]): DemoOffer => ({
    providerId,
    fields: { baseUrl, apiKey: key },
    modelHandle: `${prefix}/${MODEL_ID}`,
  });
  const info: DemoModelInfo = { ...offer(first), baseUrl, alternatives: others.map(offer) };
  process.stdout.write(`${JSON.stringify(info)}\n`);
  process.stdin.on('end', () => process.exit(0)).resume();
}

function read(path: string): { readonly port: number; readonly key: string } | null {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof value !== 'object' || value === null || !('port' in value) || !('key' in value)) return null;
    const { port, key } = value;
    return typeof port === 'number' && typeof key === 'string' ? { port, key } : null;
  } catch {
    // The first start, or a broken file: a new port and key are as good.
    return null;
  }
}
