import type { FoundKey } from '../../core/scout.ts';
import { KEYED_PROVIDERS, type KeyedProvider } from '../../shared/providerKeys.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Names of the keys in an environment, one for each provider; never the keys. */
export function keysIn(env: Environment): readonly FoundKey[] {
  return KEYED_PROVIDERS.flatMap((provider) => {
    const variable = provider.variables.find((name) => keyOf(env, name) !== null);
    const host = hostOf(baseUrlOf(provider, env));
    if (variable === undefined || host === null) return [];
    return [{ variable, providerId: provider.id, providerName: provider.name, host }];
  });
}

/** The key itself: read at the moment it is handed to Letta. Null where it is none, or not one a header can carry. */
export function keyOf(env: Environment, variable: string): string | null {
  const key = env[variable]?.trim() ?? '';
  return /^[\x21-\x7e]{8,4096}$/.test(key) ? key : null;
}

export function providerOf(id: string): KeyedProvider | null {
  return KEYED_PROVIDERS.find((provider) => provider.id === id) ?? null;
}

/** Where the provider's text goes: Letta Code lets the environment say so for some. */
export function baseUrlOf(provider: KeyedProvider, env: Environment): string {
  const other = provider.baseUrlVariable === null ? undefined : env[provider.baseUrlVariable];
  return (other === undefined || other === '' ? provider.baseUrl : other).replace(/\/+$/, '');
}

export function hostOf(url: string): string | null {
  return URL.canParse(url) ? new URL(url).host : null;
}
