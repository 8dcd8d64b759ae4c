import { systemClock } from '../../src/host/systemClock.ts';
import { LocalRuntime } from '../../src/server/localRuntime/localRuntime.ts';
import { FakeLogger } from './fakeLogger.ts';
import { RuntimeClient, say, startDemoAgent } from './runtimeClient.ts';

/** An extension host that can be killed: `node windowProcess.ts OPTIONS CWD MESSAGE` begins a turn and stays. */
const [, , options = '{}', cwd = '', message = ''] = process.argv;
const runtime = new LocalRuntime({
  // What the test passes is what LocalRuntime takes, as JSON.
  ...(JSON.parse(options) as Omit<ConstructorParameters<typeof LocalRuntime>[0], 'logger' | 'clock'>),
  logger: new FakeLogger(),
  clock: systemClock,
});
const link = await runtime.connect(AbortSignal.timeout(30_000));
const client = new RuntimeClient(link);
const conversation = await startDemoAgent(client, link, cwd);
await say(client, conversation, message);
process.stdout.write(`${JSON.stringify(conversation)}\n`);
