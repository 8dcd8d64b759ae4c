import type { SetupChoice, SetupView } from '../shared/panel.ts';
import { visible } from '../shared/visible.ts';
import type { AgentInfo, ModelInfo } from './lettaConnection.ts';
import { COPY_TOKENS, PROMPT_FLOOR_TOKENS } from './scout.ts';
import type { Findings, FoundKey, FoundModel, InstalledLetta, LocalServerReport } from './scout.ts';

/** Rows of one kind before the rest is left to "All models…". */
const MODELS_SHOWN = 4;
const AGENTS_SHOWN = 8;
const LOCAL_PROVIDERS: ReadonlySet<string> = new Set(['ollama', 'lmstudio', 'llama-cpp', 'llama.cpp']);

export interface SetupFacts {
  readonly findings: Findings;
  /** As the server lists them. */
  readonly models: readonly ModelInfo[];
  /** What is being done about a row, by its id; in words. */
  readonly busy: ReadonlyMap<string, string>;
  /** Why the last attempt with a row failed, by its id. */
  readonly failed: ReadonlyMap<string, string>;
  readonly startsFresh: boolean;
}

/** First run: what was found, each ready or one fix away, and what can be connected. */
export function setupView(facts: SetupFacts): SetupView {
  const { findings } = facts;
  const local = findings.servers.flatMap(serverChoices);
  const found = [
    ...(findings.installed === null || facts.startsFresh ? [] : installedChoices(findings.installed)),
    ...local,
    ...listedModels(facts.models),
    ...findings.keys.map(keyChoice),
  ];
  return {
    isLooking: findings.isLooking,
    choices: [
      ...found.map((choice) => marked(choice, facts)),
      ...(findings.isLooking ? [] : [lookAgain(findings.servers.length)]),
      connect('provider', 'key', 'Connect a model provider…', 'Anthropic, OpenAI, Ollama and others'),
      marked(connect('server', 'globe', 'Connect to a server…', 'A Letta server by its address'), facts),
      marked(
        connect('demo', 'play', 'Try the scripted demo', 'No account, nothing leaves this computer.'),
        facts,
      ),
    ],
  };
}

/** On a server that has several agents already: newest first, as the server lists them. */
export function agentsView(agents: readonly AgentInfo[]): SetupView {
  const shown = agents.slice(0, AGENTS_SHOWN).map((agent): SetupChoice => ({
    id: `agent:${agent.id}`,
    icon: 'account',
    label: visible(agent.name).text,
    detail: visible(agent.modelHandle ?? '').text,
    group: 'agents',
    state: 'none',
    stateText: '',
  }));
  const more: SetupChoice = {
    id: 'agents',
    icon: 'list-unordered',
    label: agents.length > AGENTS_SHOWN ? `All ${String(agents.length)} agents…` : 'New agent…',
    detail: '',
    group: 'agents',
    state: 'none',
    stateText: '',
  };
  return { isLooking: false, choices: [...shown, more] };
}

export function localChoiceId(handle: string): string {
  return `local:${handle}`;
}

export function isTooSmall(model: FoundModel): boolean {
  return model.servedTokens !== null && model.servedTokens < PROMPT_FLOOR_TOKENS;
}

/** What a copy is made to serve: never more than the model itself can take. */
export function copyTokens(model: FoundModel): number {
  return Math.min(COPY_TOKENS, model.maxTokens ?? COPY_TOKENS);
}

function serverChoices(server: LocalServerReport): readonly SetupChoice[] {
  if (server.models.length === 0)
    return server.unfitCount > 0 ? [unfitChoice(server)] : [emptyChoice(server)];
  const byReadiness = server.models.toSorted((a, b) => rank(a) - rank(b));
  return byReadiness.slice(0, MODELS_SHOWN).map(modelChoice);
}

function rank(model: FoundModel): number {
  if (model.servedTokens === null) return 1;
  return isTooSmall(model) ? 2 : 0;
}

function modelChoice(model: FoundModel): SetupChoice {
  const row = {
    id: localChoiceId(model.handle),
    icon: 'vm',
    label: `${model.serverName} · ${visible(model.name).text}`,
    group: 'found',
  } as const;
  const served = model.servedTokens;
  if (served === null) {
    return { ...row, state: 'needsFix', stateText: 'Not loaded yet', detail: fixOfUnknown(model) };
  }
  if (served < PROMPT_FLOOR_TOKENS) {
    const stateText = `${count(served)} of ${count(PROMPT_FLOOR_TOKENS)} tokens needed`;
    return { ...row, state: 'needsFix', stateText, detail: fixOfSmall(model) };
  }
  return { ...row, state: 'ready', stateText: 'Ready', detail: `${count(served)} tokens · on this computer` };
}

function fixOfUnknown(model: FoundModel): string {
  return model.server === 'ollama'
    ? 'Load it and see how many tokens it serves'
    : `Load it with ${count(copyTokens(model))} tokens: copy the command`;
}

function fixOfSmall(model: FoundModel): string {
  switch (model.server) {
    case 'ollama':
      return `Make a ${String(Math.floor(copyTokens(model) / 1024))}k copy · no download`;
    case 'lmstudio':
      return `Load it with ${count(copyTokens(model))} tokens: copy the command`;
    case 'llama-cpp':
      return `Start llama.cpp with more: copy “-c ${String(copyTokens(model))}”`;
  }
}

function unfitChoice(server: LocalServerReport): SetupChoice {
  return {
    id: `advice:${server.kind}`,
    icon: 'vm',
    label: server.name,
    group: 'found',
    state: 'needsFix',
    stateText: 'No model that fits',
    detail:
      server.kind === 'ollama'
        ? 'Its models cannot use tools. Copy “ollama pull qwen3:8b”'
        : 'Its models cannot be chatted with. Load another one, then look again',
  };
}

function emptyChoice(server: LocalServerReport): SetupChoice {
  return {
    id: `advice:${server.kind}`,
    icon: 'vm',
    label: server.name,
    group: 'found',
    state: 'needsFix',
    stateText: 'No model yet',
    detail: server.kind === 'ollama' ? 'Copy “ollama pull qwen3:8b”' : 'Load a model there, then look again',
  };
}

function keyChoice(key: FoundKey): SetupChoice {
  return {
    id: `key:${key.variable}`,
    icon: 'key',
    label: `Found ${key.variable} in the environment`,
    group: 'found',
    state: 'none',
    stateText: '',
    detail: `Use it for ${key.providerName}. You are asked first: text would go to ${key.host}.`,
  };
}

function installedChoices(installed: InstalledLetta): readonly SetupChoice[] {
  const [first = 'agents'] = installed.agentNames;
  const others = installed.agentCount - 1;
  const who = others > 0 ? `${visible(first).text} and ${String(others)} more` : visible(first).text;
  const row = { id: 'installed', icon: 'organization', group: 'found' } as const;
  const label = `Your Letta Code: ${who}`;
  if (installed.lettaPath === null) {
    return [
      {
        ...row,
        label,
        state: 'needsFix',
        stateText: 'No “letta” command',
        detail: 'Its agents are here, the program is not. How to install it',
      },
    ];
  }
  return [
    { ...row, label, state: 'ready', stateText: 'Ready', detail: 'Use them' },
    {
      id: 'fresh',
      icon: 'sparkle',
      label: 'Start fresh',
      group: 'found',
      state: 'none',
      stateText: '',
      detail: 'A new agent, apart from those',
    },
  ];
}

/** What the server lists itself: providers that are connected already. Local ones were looked at above. */
function listedModels(models: readonly ModelInfo[]): readonly SetupChoice[] {
  const usable = models.filter(
    (model) =>
      model.isAvailable && !model.handle.endsWith('/letta-demo') && !LOCAL_PROVIDERS.has(model.provider),
  );
  const rows = usable.slice(0, MODELS_SHOWN).map((model): SetupChoice => ({
    id: `model:${model.handle}`,
    icon: 'cloud',
    label: visible(model.label).text,
    state: 'ready',
    stateText: 'Ready',
    detail: visible(model.provider).text,
    group: 'found',
  }));
  if (usable.length <= MODELS_SHOWN) return rows;
  const label = `All ${String(usable.length)} models…`;
  return [
    ...rows,
    { id: 'models', icon: 'list-unordered', label, detail: '', group: 'found', state: 'none', stateText: '' },
  ];
}

function lookAgain(serverCount: number): SetupChoice {
  return {
    id: 'lookAgain',
    icon: 'refresh',
    label: 'Look again',
    group: 'found',
    state: 'none',
    stateText: '',
    detail: serverCount === 0 ? 'Ollama, LM Studio and llama.cpp do not answer here.' : '',
  };
}

function connect(id: string, icon: string, label: string, detail: string): SetupChoice {
  return { id, icon, label, detail, group: 'connect', state: 'none', stateText: '' };
}

function marked(choice: SetupChoice, { busy, failed }: SetupFacts): SetupChoice {
  const doing = busy.get(choice.id);
  if (doing !== undefined) return { ...choice, state: 'busy', stateText: doing };
  const reason = failed.get(choice.id);
  if (reason === undefined) return choice;
  return { ...choice, state: 'needsFix', stateText: 'Did not work', detail: `${reason} Try again` };
}

function count(tokens: number): string {
  return tokens.toLocaleString('en');
}
