import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { awaitModel } from '../../src/core/awaitModel.ts';
import { Hub } from '../../src/core/hub.ts';
import { LettaError } from '../../src/core/lettaConnection.ts';
import type { Session } from '../../src/core/session.ts';
import { Sessions } from '../../src/core/sessions.ts';
import type { SessionTarget } from '../../src/core/sessionView.ts';
import { JournalFiles } from '../../src/host/journalFiles.ts';
import { OutboxFiles } from '../../src/host/outboxFiles.ts';
import { systemClock } from '../../src/host/systemClock.ts';
import { AppServerConnection } from '../../src/server/appServer/appServerConnection.ts';
import type { BrokerLink } from '../../src/server/localRuntime/brokerLink.ts';
import { LocalRuntime } from '../../src/server/localRuntime/localRuntime.ts';
import { approvalDigest } from '../../src/shared/approvalDigest.ts';
import type { FromHost, HostSetup, ToHost } from './matrixWire.ts';

/** An extension host without VS Code, wired as `src/host/compose.ts` does it: `node matrixHostProcess.ts SETUP`. */
const setup = JSON.parse(process.argv[2] ?? '') as HostSetup; // what MatrixHost passes

function tell(message: FromHost): void {
  process.send?.(message);
}

for (const event of ['unhandledRejection', 'uncaughtException'] as const) {
  process.on(event, (error: unknown) => {
    tell({
      say: 'trouble',
      text: `${event}: ${error instanceof Error ? String(error.stack) : String(error)}`,
    });
  });
}

const logLine = (message: string): void => {
  tell({ say: 'log', text: `${String(Date.now() % 1_000_000)} ${message}` });
};
const logger = {
  trace: () => undefined,
  debug: logLine,
  info: logLine,
  warn: logLine,
  error: (message: string, cause?: unknown) => {
    logLine(`${message}: ${String(cause)}`);
    if (message.startsWith('A listener of')) tell({ say: 'trouble', text: `${message}: ${String(cause)}` });
  },
};

const runtime = new LocalRuntime({
  assetsDir: setup.assetsDir,
  stateDir: setup.stateDir,
  nodePath: process.execPath,
  env: { ...process.env, HOME: setup.home, LETTA_DEMO_TEST: '1' },
  version: '0.0.0-test',
  graceMs: 60_000,
  ...(setup.limits !== null && { limits: setup.limits }),
  logger,
  clock: systemClock,
});

let letConnect: () => void = () => undefined;
const mayConnect = new Promise<void>((resolve) => {
  letConnect = resolve;
});
let link: BrokerLink | null = null;

async function connect(signal: AbortSignal): Promise<AppServerConnection> {
  await mayConnect;
  link = await runtime.connect(signal);
  const connection = await AppServerConnection.connect({
    link,
    clock: systemClock,
    logger,
    clientVersion: '0.0.0-test',
    newId: randomUUID,
  });
  const send = connection.send.bind(connection);
  connection.send = (ref, message) => {
    const isTaken = send(ref, message);
    tell({ say: 'handed', clientId: message.clientId });
    return isTaken;
  };
  const answerApproval = connection.answerApproval.bind(connection);
  connection.answerApproval = async (ref, answer) => {
    const reply = await answerApproval(ref, answer);
    tell({ say: 'answered', requestId: answer.requestId, accepted: reply.accepted });
    return reply;
  };
  return connection;
}

const hub = new Hub(
  {
    place: 'in a test',
    connect,
    startDemo: async (connection) => {
      if (link === null) throw new LettaError('connectionLost', 'Letta is not connected.');
      const demo = await link.startDemo();
      await connection.connectProvider(demo.providerId, demo.fields);
      await awaitModel(connection, demo.modelHandle, systemClock);
      return demo.modelHandle;
    },
    restart: async () => {
      await link?.restartRuntime();
    },
  },
  () => ({ demoStartsByItself: false, newAgentName: 'Ada' }),
  logger,
  systemClock,
);
const outbox = new OutboxFiles({
  folder: join(setup.storage, 'outbox'),
  place: setup.storage,
  clock: systemClock,
  logger,
});
const sessions = new Sessions({
  hub,
  clock: systemClock,
  logger,
  newId: randomUUID,
  outbox,
  journal: new JournalFiles(join(setup.storage, 'journal'), logger, systemClock.now.bind(systemClock)),
  cwd: () => setup.workspace,
  shownFolder: (path) => path,
  attachmentBudgetBytes: () => 1024,
});

let session: Session | null = null;
let isTelling = false;

function show(): void {
  if (isTelling) return;
  isTelling = true;
  setImmediate(() => {
    isTelling = false;
    if (session === null) return;
    const { target, state, hasUnsent } = session;
    tell({ say: 'view', view: { target, state, hasUnsent } });
  });
}

sessions.onDidChange((changed) => {
  if (changed === session) show();
});

function open(target: SessionTarget): void {
  const before = session;
  session = sessions.acquire(target);
  session.onDidRetarget(show);
  if (before !== null) sessions.release(before);
  void session.open();
  show();
}

/** The first question on the screen. */
function answer(of: Session, decision: 'allow' | 'deny'): void {
  for (const part of of.state.transcript.turns.flatMap((turn) => turn.parts)) {
    if (part.kind !== 'tool' || part.approval?.state !== 'pending') continue;
    const { requestId, input } = part.approval;
    of.answerApproval(part.id, requestId, approvalDigest(input), decision, '');
    return;
  }
}

function stop(of: Session): void {
  const askedAt = performance.now();
  of.stop();
  const turn = of.state.transcript.turns.at(-1);
  tell({ say: 'stopping', afterMs: performance.now() - askedAt, turnState: turn?.state ?? 'none' });
}

/** As VS Code does when a window is reloaded: all that was given to `context.subscriptions`. */
function reload(): void {
  outbox.dispose();
  hub.dispose();
  sessions.dispose();
  process.exit(0);
}

process.on('disconnect', () => process.exit(0));
function opened(): Session {
  if (session === null) throw new Error('nothing is open');
  return session;
}

process.on('message', (message: ToHost) => {
  switch (message.do) {
    case 'open':
      open(message.target);
      return;
    case 'letConnect':
      letConnect();
      return;
    case 'focus':
      hub.nudge();
      return;
    case 'reload':
      reload();
      return;
    case 'submit':
      opened().submit(message.clientId, message.text);
      return;
    case 'answer':
      answer(opened(), message.decision);
      return;
    case 'stop':
      stop(opened());
      return;
    case 'sendNow':
      opened().sendQueuedNow();
      return;
  }
});
