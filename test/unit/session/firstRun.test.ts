import assert from 'node:assert/strict';
import { setup, suite, test } from 'mocha';
import { byCommonness } from '../../../src/core/commonProviders.ts';
import { FirstRun } from '../../../src/core/firstRun.ts';
import { Hub } from '../../../src/core/hub.ts';
import { LettaError } from '../../../src/core/lettaConnection.ts';
import type { FoundModel, InstalledLetta, LocalServerReport, Scout } from '../../../src/core/scout.ts';
import type { SetupChoice } from '../../../src/shared/panel.ts';
import { FakeClock } from '../../support/fakeClock.ts';
import { FakeConnection } from '../../support/fakeConnection.ts';
import { FakeLogger } from '../../support/fakeLogger.ts';
import { FakeServer } from '../../support/sessionFixture.ts';

const MODEL: FoundModel = {
  server: 'ollama',
  serverName: 'Ollama',
  baseUrl: 'http://127.0.0.1:11434/v1',
  name: 'qwen3:8b',
  handle: 'ollama/qwen3:8b',
  servedTokens: 4096,
  maxTokens: 40_960,
};

class FakeScout implements Scout {
  servers: LocalServerReport[] = [];
  installed: InstalledLetta | null = null;
  served: number | null = 4096;
  failure: LettaError | null = null;
  readonly copies: number[] = [];

  has(...models: readonly Partial<FoundModel>[]): void {
    const all = models.map((model) => ({ ...MODEL, ...model }));
    this.servers = [{ kind: 'ollama', name: 'Ollama', models: all, unfitCount: 0 }];
  }
  localModels(): Promise<readonly LocalServerReport[]> {
    return Promise.resolve(this.servers);
  }
  keys() {
    return [
      {
        variable: 'ANTHROPIC_API_KEY',
        providerId: 'anthropic',
        providerName: 'Anthropic',
        host: 'api.anthropic.com',
      },
    ];
  }
  installedLetta(): Promise<InstalledLetta | null> {
    return Promise.resolve(this.installed);
  }
  servedTokens(): Promise<number | null> {
    return Promise.resolve(this.served);
  }
  copyWith(model: FoundModel, tokens: number): Promise<FoundModel> {
    if (this.failure !== null) return Promise.reject(this.failure);
    this.copies.push(tokens);
    const name = `${model.name}-32k`;
    return Promise.resolve({ ...model, name, handle: `ollama/${name}`, servedTokens: tokens });
  }
}

suite('first run', () => {
  let scout: FakeScout;
  let firstRun: FirstRun;
  let connection: FakeConnection;
  let server: FakeServer;
  let hub: Hub;
  setup(() => {
    scout = new FakeScout();
    firstRun = new FirstRun(scout, new FakeClock(), new FakeLogger());
    server = new FakeServer();
    const [first] = server.connections;
    assert.ok(first !== undefined);
    connection = first;
    connection.agents = [];
    connection.models = [];
    const settings = { demoStartsByItself: false, newAgentName: 'Letta' };
    hub = new Hub(server, () => settings, new FakeLogger(), new FakeClock(), firstRun);
  });

  /** Waits until all was found. */
  async function looked(): Promise<void> {
    await hub.agentFor(null);
    while (firstRun.findings.isLooking) await new Promise((resolve) => setImmediate(resolve));
  }
  function row(id: string): SetupChoice | undefined {
    return hub.setup?.choices.find((choice) => choice.id === id);
  }

  test('looking begins when something is missing, and what is found shows as it comes', async () => {
    scout.has({});
    await hub.agentFor(null);
    assert.equal(hub.setup?.isLooking, true);
    assert.equal(row('lookAgain'), undefined);
    await looked();
    assert.equal(hub.setup.isLooking, false);
    assert.ok(row('lookAgain') !== undefined);
  });

  test('with an agent nobody looks around', async () => {
    connection.agents = [{ id: 'a', name: 'Ada', modelHandle: 'test/model' }];
    await hub.agentFor(null);
    assert.equal(hub.setup, null);
    assert.equal(firstRun.findings.isLooking, false);
  });

  test('each model is Ready, or says what is missing with the one fix; the ready ones first', async () => {
    scout.has(
      {},
      { handle: 'ollama/new', name: 'new', servedTokens: null },
      { handle: 'ollama/big', servedTokens: 32_768 },
    );
    await looked();
    const rows = hub.setup?.choices.filter(({ id }) => id.startsWith('local:')) ?? [];
    assert.deepEqual(
      rows.map(({ id, state, stateText, detail }) => [id, state, stateText, detail]),
      [
        ['local:ollama/big', 'ready', 'Ready', '32,768 tokens · on this computer'],
        ['local:ollama/new', 'needsFix', 'Not loaded yet', 'Load it and see how many tokens it serves'],
        [
          'local:ollama/qwen3:8b',
          'needsFix',
          '4,096 of 20,000 tokens needed',
          'Make a 32k copy · no download',
        ],
      ],
    );
  });

  test('a key is named, and that a yes comes first', async () => {
    await looked();
    assert.equal(row('key:ANTHROPIC_API_KEY')?.label, 'Found ANTHROPIC_API_KEY in the environment');
    assert.match(row('key:ANTHROPIC_API_KEY')?.detail ?? '', /asked first.*api\.anthropic\.com/);
  });

  test('agents of an installed Letta Code: use them, or start fresh', async () => {
    scout.installed = {
      backendDir: '/home/p/.letta/lc-local-backend',
      lettaPath: '/usr/bin/letta',
      agentCount: 3,
      agentNames: ['Ada\u202e'],
    };
    await looked();
    assert.match(row('installed')?.label ?? '', /^Your Letta Code: Ada.* and 2 more$/);
    assert.ok(!row('installed')?.label.includes('\u202e'), 'hidden characters are shown as such');
    assert.equal(row('installed')?.detail, 'Use them');
    firstRun.startFresh();
    assert.equal(row('installed'), undefined);
    assert.equal(row('fresh'), undefined);
  });

  test('without the letta command the fix is to install it', async () => {
    scout.installed = { backendDir: '/x', lettaPath: null, agentCount: 1, agentNames: [] };
    await looked();
    assert.equal(row('installed')?.state, 'needsFix');
    assert.match(row('installed')?.detail ?? '', /install/);
  });

  test('a model that serves enough is connected where Letta does not list it yet', async () => {
    scout.has({ servedTokens: 32_768 });
    await looked();
    const preparing = firstRun.prepare(MODEL.handle, connection);
    connection.models = [listed(MODEL.handle)];
    assert.deepEqual(await preparing, { kind: 'ready', handle: MODEL.handle });
    assert.ok(connection.calls.includes('connectProvider ollama'));
    connection.calls.splice(0);
    assert.equal((await firstRun.prepare(MODEL.handle, connection)).kind, 'ready');
    assert.ok(!connection.calls.includes('connectProvider ollama'), 'what Letta finds itself needs nothing');
  });

  test('too little: a copy is made, which then is the model', async () => {
    scout.has({});
    connection.models = [listed('ollama/qwen3:8b-32k')];
    await looked();
    const preparing = firstRun.prepare(MODEL.handle, connection);
    assert.equal(row('local:ollama/qwen3:8b')?.state, 'busy');
    assert.deepEqual(await preparing, { kind: 'ready', handle: 'ollama/qwen3:8b-32k' });
    assert.deepEqual(scout.copies, [32_768]);
  });

  test('a copy serves no more than the model can take', async () => {
    scout.has({ maxTokens: 24_576 });
    connection.models = [listed('ollama/qwen3:8b-32k')];
    await looked();
    assert.match(row('local:ollama/qwen3:8b')?.detail ?? '', /24k copy/);
    await firstRun.prepare(MODEL.handle, connection);
    assert.deepEqual(scout.copies, [24_576]);
  });

  test('not loaded: it is loaded first; then its row says what is known now', async () => {
    scout.has({ servedTokens: null });
    await looked();
    assert.deepEqual(await firstRun.prepare(MODEL.handle, connection), { kind: 'needsFix' });
    assert.equal(row('local:ollama/qwen3:8b')?.stateText, '4,096 of 20,000 tokens needed');
    assert.deepEqual(scout.copies, [], 'making a copy is another choice');
  });

  test('what went wrong stands on the row, and choosing it again tries again', async () => {
    scout.has({});
    scout.failure = new LettaError('refused', 'Ollama did not make the copy: no space left.');
    await looked();
    await assert.rejects(firstRun.prepare(MODEL.handle, connection), LettaError);
    assert.equal(row('local:ollama/qwen3:8b')?.stateText, 'Did not work');
    assert.match(row('local:ollama/qwen3:8b')?.detail ?? '', /no space left\. Try again/);
    scout.failure = null;
    connection.models = [listed('ollama/qwen3:8b-32k')];
    assert.equal((await firstRun.prepare(MODEL.handle, connection)).kind, 'ready');
  });

  test('what only the person can do comes as a command that is safe to paste', async () => {
    scout.servers = [
      {
        kind: 'lmstudio',
        name: 'LM Studio',
        unfitCount: 0,
        models: [
          {
            ...MODEL,
            server: 'lmstudio',
            serverName: 'LM Studio',
            handle: 'lmstudio/a',
            name: 'a; rm -rf ~',
          },
        ],
      },
    ];
    await looked();
    assert.deepEqual(await firstRun.prepare('lmstudio/a', connection), {
      kind: 'advice',
      server: 'lmstudio',
      command: 'lms load <model> --context-length 32768',
    });
  });

  test('a server that was just chosen and has several agents asks which one', async () => {
    connection.agents = [
      { id: 'a', name: 'Ada', modelHandle: 'x/y' },
      { id: 'b', name: 'Bob', modelHandle: null },
    ];
    await hub.serverChanged(true);
    assert.equal(await hub.agentFor(null), null);
    assert.deepEqual(
      hub.setup?.choices.map(({ id }) => id),
      ['agent:a', 'agent:b', 'agents'],
    );
    hub.chooseAgent('b');
    assert.equal(hub.setup, null);
    assert.equal((await hub.agentFor(null))?.id, 'b');
  });

  test('what a former server still answers does not count', async () => {
    let release: () => void = () => undefined;
    const late = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow = new FakeConnection();
    let calls = 0;
    server.connect = async () => {
      if (++calls > 1) return connection;
      await late;
      return slow;
    };
    const first = hub.connect();
    const second = hub.serverChanged(true);
    release();
    await assert.rejects(first, /Another server/);
    await second;
    assert.ok(slow.calls.includes('dispose'));
    assert.equal(hub.state.kind === 'ready' && hub.state.connection, connection);
  });
});

test('the common providers come first, the rest by name', () => {
  const ids = ['zai', 'ollama', 'baseten', 'openai', 'anthropic'];
  const same = (id: string): string => id;
  assert.deepEqual(byCommonness(ids, same, same), ['anthropic', 'openai', 'ollama', 'baseten', 'zai']);
});

function listed(handle: string) {
  return { handle, label: handle, provider: 'ollama', contextWindow: null, isAvailable: true };
}
