/** What the panel offers to say to the scripted demo, and what the script knows by these very words. */
export const DEMO_PROMPTS = {
  tool: 'Run a command',
  long: 'Write a long reply',
  drop: 'Drop the connection',
  memory: 'Remember something about me',
} as const;
