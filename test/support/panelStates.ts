import type { PanelState } from '../../src/shared/panel.ts';
import {
  asking,
  busy,
  chip,
  notice,
  NOW,
  READY,
  running,
  showing,
  text,
  thought,
  tool,
  turn,
  user,
  type PanelCase,
} from './panelParts.ts';
import { TROUBLE_CASES } from './panelTroubleStates.ts';

const OUTPUT = [
  ...Array.from({ length: 9 }, (_, index) => `  setup ${String(index)}`),
  '  upload',
  '    ✓ sends in chunks (41 ms)',
  '    ✓ resumes after a drop (212 ms)',
].join('\n');

const REPLY = `The loop in \`upload.ts\` only leaves on success. A \`429\` resets \`attempt\` to zero, so the limit is never reached:

\`\`\`ts
catch (error) {
  if (error.status === 429) attempt = 0;
  await backoff(attempt++);
}
\`\`\`

Keep the counter and wait for what the server asks for in \`Retry-After\`, at most a minute. Three places call it:

1. the upload itself
2. the resume after a drop
3. the check before the next`;

export const STREAMING_TURN = running('turn-1', [
  user('u1', 'Why does the upload retry forever?', [chip('src/upload.ts', { lines: [12, 58] })]),
  thought('r1', 'The retry loop looks suspicious.', 4),
  tool('t1', 'Read', { file_path: 'src/upload.ts' }),
  tool('t2', 'Read', { file_path: 'src/backoff.ts' }),
  tool('t3', 'Read', { file_path: 'test/upload.test.ts' }),
  tool(
    't4',
    'Bash',
    { command: 'npm test -- upload' },
    { state: 'running', output: OUTPUT, startedAt: NOW - 12_000, endedAt: null },
  ),
  text('x1', REPLY),
]);

const DIFF = {
  path: 'src/upload.ts',
  unpreviewable: '',
  hunks: [
    {
      oldStart: 31,
      newStart: 31,
      lines: [
        { type: 'context', text: '  } catch (error) {' },
        { type: 'remove', text: '    if (error.status === 429) attempt = 0;' },
        { type: 'add', text: '    if (error.status === 429) await wait(retryAfter(error));' },
        { type: 'context', text: '    await backoff(attempt++);' },
      ],
    },
  ],
} as const;

const EDIT_INPUT = {
  file_path: 'src/upload.ts',
  old_string: '    if (error.status === 429) attempt = 0;',
  new_string: '    if (error.status === 429) await wait(retryAfter(error));',
};

const EDITED = tool('t1', 'Edit', EDIT_INPUT, {
  approval: {
    requestId: 'q1',
    state: 'allowed',
    input: JSON.stringify(EDIT_INPUT),
    diffs: [DIFF],
    reason: '',
    index: 1,
    total: 1,
  },
});

const DONE = `Done. The retry counter now survives a \`429\`, and the wait honours \`Retry-After\`:

- at most **5** attempts, full jitter
- a cancelled upload stops waiting at once`;

const ASKED: PanelState = { ...READY, conversation: { id: 'conv-1', title: 'Fix the retry policy' } };

const CASES = {
  firstRun: {
    state: {
      ...READY,
      key: 'none/new:1',
      agent: null,
      conversation: { id: '', title: '' },
      model: null,
      mode: 'standard',
      blockedReason: 'Kept until you choose a model',
      setup: {
        isLooking: true,
        choices: [
          {
            id: 'local:ollama/qwen3:8b',
            icon: 'vm',
            label: 'Ollama · qwen3:8b',
            state: 'needsFix',
            stateText: '4,096 of 20,000 tokens needed',
            detail: 'Make a 32k copy · no download',
            group: 'found',
          },
          {
            id: 'local:ollama/gpt-oss:20b',
            icon: 'vm',
            label: 'Ollama · gpt-oss:20b',
            state: 'ready',
            stateText: 'Ready',
            detail: '32,768 tokens · on this computer',
            group: 'found',
          },
          {
            id: 'local:ollama/llama3.1:8b',
            icon: 'vm',
            label: 'Ollama · llama3.1:8b',
            state: 'busy',
            stateText: 'Making a copy…',
            detail: 'Make a 32k copy · no download',
            group: 'found',
          },
          {
            id: 'key:ANTHROPIC_API_KEY',
            icon: 'key',
            label: 'Found ANTHROPIC_API_KEY in the environment',
            state: 'none',
            stateText: '',
            detail: 'Use it for Anthropic. You are asked first: text would go to api.anthropic.com.',
            group: 'found',
          },
          {
            id: 'provider',
            icon: 'globe',
            label: 'Connect a model provider',
            state: 'none',
            stateText: '',
            detail: '',
            group: 'connect',
          },
          {
            id: 'demo',
            icon: 'play',
            label: 'Try the scripted demo',
            state: 'none',
            stateText: '',
            detail: 'No account, nothing leaves this computer.',
            group: 'connect',
          },
        ],
      },
    },
    draft: 'Why does the upload retry forever?',
  },
  chooseAgent: {
    state: {
      ...READY,
      key: 'none/new:1',
      agent: null,
      conversation: { id: '', title: '' },
      model: null,
      blockedReason: 'Kept until you choose an agent',
      setup: {
        isLooking: false,
        choices: [
          {
            id: 'agent:agent-1',
            icon: 'account',
            label: 'Ada',
            state: 'none',
            stateText: '',
            detail: 'anthropic/claude-opus-4-8',
            group: 'agents',
          },
          {
            id: 'agents',
            icon: 'list-unordered',
            label: 'New agent…',
            state: 'none',
            stateText: '',
            detail: '',
            group: 'agents',
          },
        ],
      },
    },
    draft: 'Where were we?',
  },
  empty: { state: { ...READY, conversation: { id: '', title: '' } } },
  demoEmpty: {
    state: {
      ...READY,
      agent: { id: 'agent-1', name: 'Demo' },
      conversation: { id: '', title: '' },
      model: { handle: 'openai-compatible/letta-demo', label: 'Scripted demo', isDemo: true },
    },
  },
  connecting: {
    state: {
      ...READY,
      link: { state: 'starting', text: 'Starting Letta…', detail: '', retryAt: null, actions: [] },
      mode: null,
      blockedReason: 'Sent as soon as Letta is ready',
    },
    draft: 'First question',
  },
  streaming: {
    state: { ...READY, activity: busy('writing'), ...showing(STREAMING_TURN) },
    isScrolledUp: true,
  },
  approvalCommand: {
    state: {
      ...ASKED,
      activity: busy('waitingForApproval'),
      queue: [
        {
          clientId: 'q',
          text: 'then bump the version and write the changelog',
          attachmentCount: 0,
          state: 'queued',
        },
      ],
      ...showing(
        running('turn-1', [
          user('u1', 'Fix it and run the tests.'),
          EDITED,
          asking(
            't2',
            'Bash',
            {
              command: 'rm -rf dist && npm run build -- --release',
              description: 'Build a release',
              cwd: '~/api-server',
            },
            1,
            2,
          ),
        ]),
      ),
    },
  },
  approvalDiff: {
    state: {
      ...ASKED,
      activity: busy('waitingForApproval'),
      ...showing(
        running('turn-1', [
          user('u1', 'Fix it and run the tests.'),
          { ...asking('t1', 'Edit', { ...EDIT_INPUT, replace_all: false }), name: 'Edit' },
        ]),
      ),
    },
  },
  finished: {
    state: {
      ...ASKED,
      attachments: [
        chip('src/download.ts'),
        chip('src/queue.ts', { lines: [5, 17], isUnsaved: true, sizeBytes: 612 }),
      ],
      ...showing(
        turn('turn-1', [
          user('u1', 'Fix it and run the tests.'),
          EDITED,
          tool('t2', 'Bash', { command: 'npm test' }, { output: OUTPUT }),
          text('x1', DONE),
          notice('n1', {
            code: 'memory',
            actions: ['viewMemory', 'undoMemory'],
            memory: {
              from: 'a'.repeat(40),
              to: 'b'.repeat(40),
              files: [{ path: 'system/uploader.md', added: 2, removed: 1 }],
              canUndo: true,
              isUndone: false,
            },
          }),
        ]),
      ),
    },
    draft: 'Now the same for the downloader',
    opens: ['Edit, done'],
  },
  ...TROUBLE_CASES,
} satisfies Readonly<Record<string, PanelCase>>;

export type CaseName = keyof typeof CASES;
export const PANEL_CASES: Readonly<Record<CaseName, PanelCase>> = CASES;
export const CASE_NAMES = Object.keys(CASES) as readonly CaseName[]; // exactly its own keys
