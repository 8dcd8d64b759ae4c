import assert from 'node:assert/strict';
import { suite, test } from 'mocha';
import { isDemoModel, modelView } from '../../../src/core/hub.ts';
import { LettaError } from '../../../src/core/lettaConnection.ts';
import { SessionFixture, settled } from '../../support/sessionFixture.ts';

suite('hub', () => {
  test('several callers share one connection', async () => {
    const { hub, server } = new SessionFixture();
    await Promise.all([hub.connect(), hub.connect(), hub.agentFor(null)]);
    assert.equal(server.connects, 1);
    assert.equal(hub.link.state, 'ready');
  });

  for (const [reason, action] of [
    ['gitMissing', 'installGit'],
    ['runtimeGaveUp', 'showLog'],
    ['unauthorised', 'fixKey'],
  ] as const) {
    test(`${reason} is said with a button that helps`, async () => {
      const { hub, server } = new SessionFixture();
      server.failure = new LettaError(reason, 'What happened.');
      await assert.rejects(hub.connect());
      assert.equal(hub.link.text, 'What happened.');
      assert.ok(hub.link.actions.includes(action));
      assert.ok(hub.link.actions.includes('reconnect'));
      server.failure = null;
      await hub.connect();
      assert.equal(hub.link.state, 'ready');
    });
  }

  test('an error of another kind is said in plain words, its cause goes to the log', async () => {
    const { hub, server, logger } = new SessionFixture();
    server.failure = new TypeError('x is not a function');
    await assert.rejects(hub.connect(), LettaError);
    assert.ok(!hub.link.text.includes('function'));
    assert.ok(logger.at('error').length > 0);
  });

  test('a restart of the server is shown and ends by itself', async () => {
    const { hub, connection } = new SessionFixture();
    await hub.connect();
    connection.setState({ kind: 'restarting', attempt: 2, message: 'It ended with code 1.' });
    assert.match(hub.link.text, /attempt 2 of 3/);
    connection.setState({ kind: 'open' });
    assert.equal(hub.link.state, 'ready');
  });

  test('a lost connection is tried three times, ever later, then waits for a sign', async () => {
    const { hub, server, connection, clock } = new SessionFixture();
    await hub.connect();
    server.failure = new LettaError('unreachable', 'Not there.');
    connection.setState({ kind: 'closed', error: new LettaError('connectionLost', 'Gone.') });
    const delays: (number | null)[] = [];
    while (hub.link.retryAt !== null && delays.length < 9) {
      delays.push(hub.link.retryAt - clock.now());
      clock.advance(hub.link.retryAt - clock.now());
      await settled();
    }
    assert.deepEqual(delays, [250, 500, 1000], 'half of 0.5 s, 1 s, 2 s');
    assert.equal(hub.link.state, 'failed');
    assert.ok(hub.link.actions.includes('reconnect'));
    hub.nudge();
    assert.equal(hub.link.state, 'failed', 'not at once again');
    clock.advance(4000);
    server.failure = null;
    hub.nudge();
    await settled();
    assert.equal(hub.link.state, 'ready');
  });

  test('a nudge ends the wait, and so does the person', async () => {
    const { hub, connection } = new SessionFixture();
    await hub.connect();
    connection.setState({ kind: 'closed', error: new LettaError('connectionLost', 'Gone.') });
    assert.equal(hub.link.state, 'reconnecting');
    hub.nudge();
    await settled();
    assert.equal(hub.link.state, 'ready');
  });

  test('a first connection that is lost before it is ready is tried again by itself', async () => {
    const { hub, connection, clock } = new SessionFixture();
    connection.failures.set('listAgents', new LettaError('connectionLost', 'It ended (SIGKILL).'));
    await assert.rejects(hub.connect(), { reason: 'connectionLost' });
    assert.equal(hub.link.state, 'reconnecting');
    clock.advance(500);
    await settled();
    assert.equal(hub.link.state, 'ready');
  });

  test('what a person has to mend is not tried again by itself', async () => {
    const { hub, connection, clock } = new SessionFixture();
    await hub.connect();
    connection.setState({ kind: 'closed', error: new LettaError('runtimeGaveUp', 'Four times.') });
    assert.equal(hub.link.state, 'failed');
    assert.equal(clock.pending, 0);
  });

  test('without an agent the first agent is made with the chosen model only', async () => {
    const { hub, connection } = new SessionFixture();
    connection.agents = [];
    assert.equal(await hub.agentFor(null), null);
    assert.ok(!connection.calls.includes('createAgent'), 'never by itself');
    assert.ok(hub.setup?.choices.some((choice) => choice.id === 'model:test/model'));
    const agent = await hub.createAgent('test/model');
    assert.equal(agent.modelHandle, 'test/model');
    assert.equal((await hub.agentFor(null))?.id, agent.id);
  });

  test('the demo starts by itself only when it was allowed to and nothing else is there', async () => {
    const { hub, connection, settings } = new SessionFixture();
    connection.agents = [];
    connection.models = [];
    assert.equal(await hub.agentFor(null), null);
    settings.demoStartsByItself = true;
    const agent = await hub.agentFor(null);
    assert.equal(agent?.modelHandle, 'demo/letta-demo');
    assert.ok(isDemoModel('demo/letta-demo'));
    assert.ok(modelView('demo/letta-demo', []).isDemo);
  });

  test('an agent of the demo gets its model started again', async () => {
    const { hub, connection, server } = new SessionFixture();
    let starts = 0;
    server.demo = () => {
      starts++;
      return Promise.resolve('demo/letta-demo');
    };
    connection.agents = [{ id: 'a', name: 'Demo', modelHandle: 'demo/letta-demo' }];
    const ready = async (): Promise<void> => {
      const agent = await hub.agentFor(null);
      assert.ok(agent !== null);
      await hub.modelReady(agent);
    };
    await hub.agentFor(null);
    assert.equal(starts, 0, 'what is shown does not wait for it');
    await ready();
    await ready();
    assert.equal(starts, 1);
    connection.setState({ kind: 'restarting', attempt: 1, message: '' });
    connection.setState({ kind: 'open' });
    await ready();
    assert.equal(starts, 2);
  });

  test('restarting starts what failed, and restarts what runs', async () => {
    const { hub, server } = new SessionFixture();
    await hub.restartServer();
    assert.equal(server.connects, 1);
    await hub.restartServer();
    assert.equal(server.restarts, 1);
  });
});
