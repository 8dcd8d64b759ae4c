/** The providers that people most often have, in that order; all others follow by name. */
const COMMON = [
  'anthropic',
  'openai',
  'google',
  'openrouter',
  'ollama',
  'lmstudio',
  'llama-cpp',
  'llama.cpp',
  'openai-compatible',
  'mistral',
  'deepseek',
  'groq',
  'xai',
];

/** Its place among the common ones; Infinity: none of them. */
export function commonRank(providerId: string): number {
  const at = COMMON.indexOf(providerId);
  return at === -1 ? Infinity : at;
}

/** The common ones first, the rest by name. */
export function byCommonness<T>(
  items: readonly T[],
  providerId: (item: T) => string,
  name: (item: T) => string,
): readonly T[] {
  return items.toSorted((a, b) => {
    const [rankA, rankB] = [commonRank(providerId(a)), commonRank(providerId(b))];
    if (rankA !== rankB) return rankA < rankB ? -1 : 1;
    return name(a).localeCompare(name(b), 'en');
  });
}
