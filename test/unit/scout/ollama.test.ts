import assert from 'node:assert/strict';
import { suite, teardown, test } from 'mocha';
import type { FoundModel } from '../../../src/core/scout.ts';
import { copyInOllama, loadInOllama, lookAtOllama } from '../../../src/server/scout/ollama.ts';
import { FakeOllama, type FakeOllamaModel } from '../../support/fakeOllama.ts';
import { FakeHttpServer, sendJson } from '../../support/fakeServer.ts';

const signal = new AbortController().signal;

suite('looking at Ollama', () => {
  let ollama: FakeOllama | null = null;
  teardown(async () => {
    await ollama?.http.close();
    ollama = null;
  });
  async function start(...models: readonly FakeOllamaModel[]): Promise<FakeOllama> {
    ollama = await FakeOllama.start(models);
    return ollama;
  }
  async function look(fake: FakeOllama): Promise<readonly FoundModel[]> {
    return (await lookAtOllama(fake.http.origin, signal))?.models ?? [];
  }

  test('says what a loaded model serves, what its Modelfile sets, and no more than it knows', async () => {
    const fake = await start(
      { name: 'loaded:8b', isLoaded: true },
      { name: 'set:8b', numCtx: 32_768 },
      { name: 'unknown:8b' },
    );
    const served = Object.fromEntries((await look(fake)).map((model) => [model.name, model.servedTokens]));
    assert.deepEqual(served, { 'loaded:8b': 4096, 'set:8b': 32_768, 'unknown:8b': null });
    assert.equal(fake.http.to('/api/generate').length, 0, 'nothing is loaded without being asked for');
  });

  test('hides what cannot call tools, only embeds, or never takes so long a prompt', async () => {
    const fake = await start(
      { name: 'embed:latest', capabilities: ['embedding'] },
      { name: 'plain:7b', capabilities: ['completion'] },
      { name: 'short:7b', maxTokens: 8192 },
      { name: 'good:8b' },
    );
    const report = await lookAtOllama(fake.http.origin, signal);
    assert.deepEqual(
      report?.models.map(({ name }) => name),
      ['good:8b'],
    );
    assert.equal(report.unfitCount, 3);
  });

  test('a copy is made without a download and serves what was asked; then it stands in for the original', async () => {
    const fake = await start({ name: 'qwen3:8b', isLoaded: true });
    const [model] = await look(fake);
    assert.ok(model !== undefined);
    const copy = await copyInOllama(model, 32_768, signal);
    assert.equal(copy.handle, 'ollama/qwen3:8b-32k');
    assert.deepEqual(fake.http.to('/api/create')[0]?.body, {
      model: 'qwen3:8b-32k',
      from: 'qwen3:8b',
      parameters: { num_ctx: 32_768 },
      stream: false,
    });
    assert.deepEqual(
      (await look(fake)).map(({ name, servedTokens }) => [name, servedTokens]),
      [['qwen3:8b-32k', 32_768]],
    );
  });

  test('what Ollama says against a copy is said', async () => {
    const fake = await start({ name: 'qwen3:8b', isLoaded: true });
    fake.createError = 'no space\u0007 left on device';
    const [model] = await look(fake);
    assert.ok(model !== undefined);
    await assert.rejects(
      copyInOllama(model, 32_768, signal),
      /did not make the copy: no space {2}left on device/,
    );
  });

  test('loading tells', async () => {
    const fake = await start({ name: 'qwen3:8b' });
    const [model] = await look(fake);
    assert.ok(model !== undefined);
    assert.equal(await loadInOllama(model, signal), 4096);
  });

  test('something else at the address is no Ollama; neither is nobody', async () => {
    const other = await FakeHttpServer.start((_request, response) => {
      response.end('<!doctype html><title>A router</title>');
    });
    const { origin } = other;
    assert.equal(await lookAtOllama(origin, signal), null);
    await other.close();
    assert.equal(await lookAtOllama(origin, signal), null);
  });

  test('hostile answers: names with control characters, wrong types and endless lists do no harm', async () => {
    const models = [
      { name: 'a\nb' },
      { name: 'x'.repeat(300) },
      { name: 7 },
      null,
      { name: '\u202egnp' },
      ...Array.from({ length: 500 }, (_, index) => ({ name: `m${String(index)}` })),
    ];
    const other = await FakeHttpServer.start(({ path }, response) => {
      if (path === '/api/tags') sendJson(response, { models });
      else if (path === '/api/ps') sendJson(response, { models: 'none' });
      else sendJson(response, { capabilities: ['completion', 'tools'], model_info: 3, parameters: {} });
    });
    const found = (await lookAtOllama(other.origin, signal))?.models ?? [];
    assert.ok(found.length > 10 && found.length <= 40);
    assert.ok(found.every(({ name, servedTokens }) => /^m\d+$/.test(name) && servedTokens === null));
    await other.close();
  });
});
