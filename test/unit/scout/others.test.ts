import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, teardown, test } from 'mocha';
import { checkKey } from '../../../src/server/scout/keyCheck.ts';
import { findInstalledLetta } from '../../../src/server/scout/installedLetta.ts';
import { LocalScout } from '../../../src/server/scout/localScout.ts';
import { lookAtLlamaCpp, lookAtLmStudio } from '../../../src/server/scout/openAiServers.ts';
import { keysIn } from '../../../src/server/scout/providerKeys.ts';
import { originsOf, probeServer } from '../../../src/server/scout/serverProbe.ts';
import { FakeHttpServer, sendJson, type Answer } from '../../support/fakeServer.ts';

const signal = new AbortController().signal;
let server: FakeHttpServer | null = null;

async function serve(answer: Answer): Promise<FakeHttpServer> {
  server = await FakeHttpServer.start(answer);
  return server;
}

suite('looking around', () => {
  teardown(async () => {
    await server?.close();
    server = null;
  });

  test('LM Studio: what is loaded with how much, without what only embeds', async () => {
    const fake = await serve((_request, response) => {
      sendJson(response, {
        object: 'list',
        data: [
          {
            id: 'qwen3-8b',
            object: 'model',
            type: 'llm',
            publisher: 'lmstudio-community',
            arch: 'qwen3',
            compatibility_type: 'gguf',
            quantization: 'Q4_K_M',
            state: 'loaded',
            max_context_length: 40_960,
            loaded_context_length: 4096,
            capabilities: ['tool_use'],
          },
          { id: 'gpt-oss-20b', type: 'llm', state: 'not-loaded', max_context_length: 131_072 },
          { id: 'gemma-2', type: 'llm', state: 'not-loaded', max_context_length: 32_768, capabilities: [] },
          { id: 'nomic-embed', type: 'embeddings', state: 'not-loaded', max_context_length: 2048 },
        ],
      });
    });
    const report = await lookAtLmStudio(fake.origin, signal);
    assert.deepEqual(
      report?.models.map(({ handle, servedTokens, maxTokens }) => [handle, servedTokens, maxTokens]),
      [
        ['lmstudio/qwen3-8b', 4096, 40_960],
        ['lmstudio/gpt-oss-20b', null, 131_072],
      ],
    );
    assert.equal(report.unfitCount, 2);
  });

  test('llama.cpp: what it was started with', async () => {
    const fake = await serve(({ path }, response) => {
      if (path === '/props')
        sendJson(response, { default_generation_settings: { n_ctx: 24_576 }, total_slots: 1 });
      else if (path === '/v1/models')
        sendJson(response, { object: 'list', data: [{ id: 'qwen3.gguf', meta: { n_ctx_train: 40_960 } }] });
      else sendJson(response, { error: 'not found' }, 404);
    });
    const report = await lookAtLlamaCpp(fake.origin, signal);
    assert.deepEqual(
      report?.models.map(({ handle, servedTokens }) => [handle, servedTokens]),
      [['llama.cpp/qwen3.gguf', 24_576]],
    );
  });

  test('model servers on other computers are not asked', async () => {
    const scout = new LocalScout({
      env: {},
      home: '/nowhere',
      usesInstalled: () => false,
      addresses: () => ({
        ollama: 'http://192.0.2.1:1',
        lmStudio: 'http://example.com',
        llamaCpp: 'http://[::2]:1',
      }),
    });
    assert.deepEqual(await scout.localModels(signal), []);
  });

  test('keys in the environment are named with the place their text goes to, never shown', () => {
    const env = {
      ANTHROPIC_API_KEY: 'sk-ant-0123456789',
      GOOGLE_API_KEY: 'AIza-0123456789',
      OPENAI_API_KEY: ' ',
      OPENROUTER_API_KEY: 'sk-or-0123456789',
      OPENROUTER_BASE_URL: 'http://127.0.0.1:9/api/v1',
    };
    const keys = keysIn(env);
    assert.deepEqual(
      keys.map(({ variable, host }) => [variable, host]),
      [
        ['ANTHROPIC_API_KEY', 'api.anthropic.com'],
        ['GOOGLE_API_KEY', 'generativelanguage.googleapis.com'],
        ['OPENROUTER_API_KEY', '127.0.0.1:9'],
      ],
    );
    assert.ok(!JSON.stringify(keys).includes('0123456789'));
  });

  test('an installed Letta Code: its agents by name, newest first, and the letta on PATH', async () => {
    const home = await mkdtemp(join(tmpdir(), 'letta-home-'));
    assert.equal(await findInstalledLetta(home, { PATH: home }), null);
    const agents = join(home, '.letta', 'lc-local-backend', 'agents');
    await mkdir(agents, { recursive: true });
    await writeFile(join(agents, 'a.json'), JSON.stringify({ id: 'agent-1', name: 'Ada' }));
    await writeFile(join(agents, 'b.json'), 'not JSON');
    const without = await findInstalledLetta(home, { PATH: '/nowhere:.' });
    assert.equal(without?.lettaPath, null);
    assert.equal(without.agentCount, 2);
    assert.deepEqual(without.agentNames, ['Ada']);
    await writeFile(join(home, 'letta'), '#!/bin/sh\n');
    await chmod(join(home, 'letta'), 0o755);
    assert.equal(
      (await findInstalledLetta(home, { PATH: `/nowhere:${home}` }))?.lettaPath,
      join(home, 'letta'),
    );
    await rm(home, { recursive: true });
  });
});

suite('checking a key before the first turn', () => {
  teardown(async () => {
    await server?.close();
    server = null;
  });
  const check = (origin: string) =>
    checkKey('openrouter', { apiKey: 'sk-or-test' }, { OPENROUTER_BASE_URL: `${origin}/api/v1/` });

  test('a good one, a refused one, and a server in trouble', async () => {
    let status = 200;
    const fake = await serve((_request, response) => {
      sendJson(response, { data: [] }, status);
    });
    assert.deepEqual(await check(fake.origin), { kind: 'good' });
    assert.equal(fake.asked[0]?.path, '/api/v1/key');
    assert.equal(fake.asked[0].headers['authorization'], 'Bearer sk-or-test');
    status = 401;
    assert.deepEqual(await check(fake.origin), { kind: 'refused', host: new URL(fake.origin).host });
    status = 503;
    assert.deepEqual(await check(fake.origin), { kind: 'unknown' });
  });

  test('nobody there; a key does not follow a redirect', async () => {
    const fake = await serve((_request, response) => {
      response.writeHead(302, { location: 'http://127.0.0.1:1/elsewhere' });
      response.end();
    });
    assert.deepEqual(await check(fake.origin), { kind: 'unknown' });
    assert.equal(fake.asked.length, 1);
    const { origin } = fake;
    await fake.close();
    server = null;
    assert.deepEqual(await check(origin), { kind: 'unreachable', host: new URL(origin).host });
  });

  test('a server of the person’s own is asked at its address; a provider without a call is not asked', async () => {
    const fake = await serve((_request, response) => {
      sendJson(response, { object: 'list', data: [] });
    });
    const fields = { baseUrl: `${fake.origin}/v1` };
    assert.deepEqual(await checkKey('openai-compatible', fields, {}), { kind: 'good' });
    assert.equal(fake.asked[0]?.path, '/v1/models');
    assert.equal(fake.asked[0].headers['authorization'], undefined);
    assert.deepEqual(await checkKey('openai-compatible', { baseUrl: 'no address' }, {}), {
      kind: 'unreachable',
      host: 'no address/models',
    });
    assert.deepEqual(await checkKey('amazon-bedrock', { apiKey: 'x' }, {}), { kind: 'unknown' });
  });
});

suite('one field for every kind of server', () => {
  teardown(async () => {
    await server?.close();
    server = null;
  });

  test('the scheme may be left out', () => {
    assert.deepEqual(originsOf('localhost:8283'), ['http://localhost:8283', 'https://localhost:8283']);
    assert.deepEqual(originsOf('letta.example.com/'), [
      'https://letta.example.com',
      'http://letta.example.com',
    ]);
    assert.deepEqual(originsOf('ws://127.0.0.1:4500/ws'), ['http://127.0.0.1:4500']);
    assert.deepEqual(originsOf('https://user:pw@host/x'), ['https://host']);
    for (const wrong of ['', 'two words', 'ftp://host', 'javascript:alert(1)//', 'http://'])
      assert.deepEqual(originsOf(wrong), [], wrong);
  });

  const kinds: readonly (readonly [string, Answer, object])[] = [
    [
      'one with a password',
      (_request, response) => {
        sendJson(response, { error: 'missing websocket bearer token' }, 401);
      },
      { kind: 'appServer', needsToken: true },
    ],
    [
      'one without',
      ({ path }, response) => {
        if (path === '/app-server-info') sendJson(response, { backend: 'local', protocol_version: 1 });
        else response.end('ok');
      },
      { kind: 'appServer', needsToken: false },
    ],
    [
      'a Letta API server',
      ({ path }, response) => {
        if (path === '/v1/health/') sendJson(response, { version: '0.16.7', status: 'ok' });
        else sendJson(response, { detail: 'Not Found' }, 404);
      },
      { kind: 'lettaApi', version: '0.16.7' },
    ],
    [
      'a website',
      (_request, response) => {
        response.writeHead(200, { 'content-type': 'text/html' });
        response.end('<!doctype html><title>Home</title>');
      },
      { kind: 'notLetta', isWebPage: true },
    ],
    [
      'something else',
      (_request, response) => {
        sendJson(response, { hello: 'world' });
      },
      { kind: 'notLetta', isWebPage: false },
    ],
  ];
  for (const [name, answer, expected] of kinds) {
    test(`${name} is recognised`, async () => {
      const fake = await serve(answer);
      assert.deepEqual(await probeServer(fake.origin), { origin: fake.origin, ...expected });
    });
  }

  test('wrong addresses are told apart: refused, unknown, no certificate, none', async () => {
    const fake = await serve((_request, response) => {
      response.end('ok');
    });
    const tls = await probeServer(`https://127.0.0.1:${String(fake.port)}`);
    assert.equal(tls.kind === 'noAnswer' && tls.reason, 'tls');
    await fake.close();
    server = null;
    const refused = await probeServer(`127.0.0.1:${String(fake.port)}`);
    assert.equal(refused.kind === 'noAnswer' && refused.reason, 'refused');
    const unknown = await probeServer('letta.invalid:8283');
    assert.equal(unknown.kind === 'noAnswer' && unknown.reason, 'unknownHost');
    assert.deepEqual(await probeServer('what is it'), { kind: 'notAnAddress' });
    assert.equal((await probeServer('app.letta.com')).kind, 'lettaCloud');
  });
});
