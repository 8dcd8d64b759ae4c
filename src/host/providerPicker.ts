import * as vscode from 'vscode';
import { byCommonness, commonRank } from '../core/commonProviders.ts';
import type { Hub } from '../core/hub.ts';
import type { LettaConnection, ProviderInfo } from '../core/lettaConnection.ts';
import type { FoundKey } from '../core/scout.ts';
import { checkKey } from '../server/scout/keyCheck.ts';
import { keyOf } from '../server/scout/providerKeys.ts';

type Fields = Readonly<Record<string, string>>;
type ProviderItem = vscode.QuickPickItem & { readonly provider?: ProviderInfo };

/** The provider that was connected; null: none. Keys are handed to Letta and kept nowhere else. */
export async function connectProvider(hub: Hub): Promise<string | null> {
  const connection = await hub.connect();
  const items: Promise<readonly ProviderItem[]> = connection.listProviders().then(providerItems);
  const picked = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t('Connect a Model Provider'),
    placeHolder: vscode.l10n.t('Your messages will be sent to the provider you choose'),
    matchOnDescription: true,
  });
  const provider = picked?.provider;
  if (provider === undefined) return null;
  let problem = '';
  for (;;) {
    const fields = await askFields(provider, problem);
    if (fields === null) return null;
    problem = await problemWith(provider.id, fields);
    if (problem === STOPPED) return null;
    if (problem !== '') continue;
    await connection.connectProvider(provider.id, fields);
    await hub.refreshModels();
    return provider.id;
  }
}

/** A key of the environment, after a yes that says where text will go. True when it is connected. */
export async function connectFoundKey(hub: Hub, key: FoundKey): Promise<boolean> {
  const use = vscode.l10n.t('Use {0}', key.variable);
  const answer = await vscode.window.showWarningMessage(
    vscode.l10n.t('Use the key in {0} for {1}?', key.variable, key.providerName),
    {
      modal: true,
      detail: vscode.l10n.t(
        'Messages and the files you attach go to {0}. What the agent reads with its tools goes there too. Letta keeps the key in its own folder.',
        key.host,
      ),
    },
    use,
  );
  if (answer !== use) return false;
  const apiKey = keyOf(process.env, key.variable);
  if (apiKey === null) throw new Error(vscode.l10n.t('{0} holds no key any more.', key.variable));
  const problem = await problemWith(key.providerId, { apiKey });
  if (problem === STOPPED) return false;
  if (problem !== '') throw new Error(problem);
  const connection: LettaConnection = await hub.connect();
  await connection.connectProvider(key.providerId, { apiKey });
  await hub.refreshModels();
  return true;
}

/** The person does not want to go on. */
const STOPPED = '\0';

/** What the provider says to the key, before the first message does; '' when there is nothing against it. */
async function problemWith(providerId: string, fields: Fields): Promise<string> {
  const verdict = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: vscode.l10n.t('Checking the key…') },
    () => checkKey(providerId, fields, process.env),
  );
  switch (verdict.kind) {
    case 'good':
    case 'unknown':
      return '';
    case 'refused':
      return vscode.l10n.t('The key was refused by {0}.', verdict.host);
    case 'unreachable': {
      const anyway = vscode.l10n.t('Connect Anyway');
      const change = vscode.l10n.t('Change It');
      const answer = await vscode.window.showWarningMessage(
        vscode.l10n.t('{0} cannot be reached, so the key could not be checked.', verdict.host),
        { modal: true },
        anyway,
        change,
      );
      if (answer === anyway) return '';
      return answer === change ? vscode.l10n.t('{0} cannot be reached.', verdict.host) : STOPPED;
    }
  }
}

function providerItems(providers: readonly ProviderInfo[]): readonly ProviderItem[] {
  // Signing in with a browser is not something that can be done here yet.
  const usable = providers.filter((provider) => provider.fields.length > 0);
  const sorted = byCommonness(
    usable,
    ({ id }) => id,
    ({ name }) => name,
  );
  const first = sorted.filter(({ id }) => commonRank(id) !== Infinity);
  return [
    ...separated(vscode.l10n.t('common'), first),
    ...separated(vscode.l10n.t('all others'), sorted.slice(first.length)),
  ];
}

function separated(label: string, providers: readonly ProviderInfo[]): readonly ProviderItem[] {
  if (providers.length === 0) return [];
  return [
    { label, kind: vscode.QuickPickItemKind.Separator },
    ...providers.map((provider) => ({
      label: provider.name,
      description: provider.isConnected ? vscode.l10n.t('connected') : '',
      provider,
    })),
  ];
}

async function askFields(provider: ProviderInfo, problem: string): Promise<Fields | null> {
  const values = new Map<string, string>();
  for (const field of provider.fields) {
    const label = field.isRequired ? field.label : vscode.l10n.t('{0} (may be left empty)', field.label);
    const value = await vscode.window.showInputBox({
      title: provider.name,
      prompt: problem === '' ? label : `${problem} ${label}`,
      placeHolder: field.placeholder,
      password: field.isSecret,
      ignoreFocusOut: true,
      validateInput: (text) => {
        if (field.isRequired && text.trim() === '') return vscode.l10n.t('This is needed.');
        return /\p{Cc}/u.test(text)
          ? vscode.l10n.t('This contains a character that cannot be part of it.')
          : null;
      },
    });
    if (value === undefined) return null;
    if (value.trim() !== '') values.set(field.key, value.trim());
  }
  return Object.fromEntries(values);
}
