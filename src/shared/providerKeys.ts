/** A model provider whose key people have in their environment, and how its key is checked without using a model. */
export interface KeyedProvider {
  /** As Letta Code calls it. */
  readonly id: string;
  readonly name: string;
  /** Looked for in this order. */
  readonly variables: readonly string[];
  readonly baseUrl: string;
  /** Letta Code takes another address for the provider from here. */
  readonly baseUrlVariable: string | null;
  /** Behind the base URL; refused for a wrong key, free of charge. */
  readonly checkPath: string;
  readonly auth: 'bearer' | 'x-api-key' | 'x-goog-api-key';
}

function bearer(
  id: string,
  name: string,
  variable: string,
  baseUrl: string,
  more: Partial<KeyedProvider> = {},
): KeyedProvider {
  return {
    id,
    name,
    variables: [variable],
    baseUrl,
    baseUrlVariable: null,
    checkPath: '/models',
    auth: 'bearer',
    ...more,
  };
}

/** The most common ones first. */
export const KEYED_PROVIDERS: readonly KeyedProvider[] = [
  bearer('anthropic', 'Anthropic', 'ANTHROPIC_API_KEY', 'https://api.anthropic.com/v1', {
    auth: 'x-api-key',
  }),
  bearer('openai', 'OpenAI', 'OPENAI_API_KEY', 'https://api.openai.com/v1'),
  bearer('google', 'Google Gemini', '', 'https://generativelanguage.googleapis.com/v1beta', {
    variables: ['GEMINI_API_KEY', 'GOOGLE_API_KEY', 'GOOGLE_GENERATIVE_AI_API_KEY'],
    baseUrlVariable: 'GOOGLE_GENERATIVE_AI_BASE_URL',
    auth: 'x-goog-api-key',
  }),
  // Its list of models is open to everybody; this one is not.
  bearer('openrouter', 'OpenRouter', 'OPENROUTER_API_KEY', 'https://openrouter.ai/api/v1', {
    baseUrlVariable: 'OPENROUTER_BASE_URL',
    checkPath: '/key',
  }),
  bearer('groq', 'Groq', 'GROQ_API_KEY', 'https://api.groq.com/openai/v1'),
  bearer('mistral', 'Mistral', 'MISTRAL_API_KEY', 'https://api.mistral.ai/v1'),
  bearer('deepseek', 'DeepSeek', 'DEEPSEEK_API_KEY', 'https://api.deepseek.com'),
  bearer('xai', 'xAI', 'XAI_API_KEY', 'https://api.x.ai/v1'),
  bearer('cerebras', 'Cerebras', 'CEREBRAS_API_KEY', 'https://api.cerebras.ai/v1'),
  bearer('together', 'Together AI', 'TOGETHER_API_KEY', 'https://api.together.xyz/v1'),
  bearer('fireworks', 'Fireworks', 'FIREWORKS_API_KEY', 'https://api.fireworks.ai/inference/v1'),
  bearer('moonshotai', 'Moonshot AI', 'MOONSHOT_API_KEY', 'https://api.moonshot.ai/v1', {
    baseUrlVariable: 'MOONSHOT_BASE_URL',
  }),
];

/** Variables by which Letta Code would find a key by itself: taken from it, so that a key is used after a yes only. */
export const KEY_VARIABLES: ReadonlySet<string> = new Set([
  ...KEYED_PROVIDERS.flatMap(({ variables }) => variables),
  'ANTHROPIC_AUTH_TOKEN',
  'ANTHROPIC_OAUTH_TOKEN',
  'AI_GATEWAY_API_KEY',
  'ANT_LING_API_KEY',
  'AZURE_OPENAI_API_KEY',
  'BASETEN_API_KEY',
  'CLOUDFLARE_API_KEY',
  'COPILOT_GITHUB_TOKEN',
  'GOOGLE_CLOUD_API_KEY',
  'HF_TOKEN',
  'KIMI_API_KEY',
  'META_API_KEY',
  'MINIMAX_API_KEY',
  'MINIMAX_CN_API_KEY',
  'NVIDIA_API_KEY',
  'OLLAMA_API_KEY',
  'OPENCODE_API_KEY',
  'QWEN_TOKEN_PLAN_API_KEY',
  'RADIUS_API_KEY',
  'XIAOMI_API_KEY',
  'ZAI_API_KEY',
  'ZAI_CODING_API_KEY',
  'ZAI_CODING_CN_API_KEY',
  'ZHIPU_API_KEY',
]);
