import type { PanelStrings } from './strings.ts';

/** What a command may do beyond reading and building. The member of `PanelStrings` that says it. */
export type Risk = Extract<keyof PanelStrings, `may${string}`>;

/** A word of a command line: at its beginning or behind what separates commands, also behind `sudo`, `env`, a path. */
const word = (names: string): string => `(?:^|[\\s;&|(\`'"/\\\\])(?:${names})(?:\\.exe)?(?=[\\s;&|)\`'"]|$)`;

const RULES: readonly (readonly [Risk, RegExp])[] = [
  [
    'mayDelete',
    new RegExp(
      `${word('rm|rmdir|unlink|shred|del|erase|rd|trash|truncate|Remove-Item|dropdb|wipefs')}|-delete\\b|-exec\\s+rm\\b|\\bDROP\\s+(?:TABLE|DATABASE)\\b|\\bDELETE\\s+FROM\\b|\\bgit\\s[^;&|]*\\bclean\\b|\\brsync\\b[^;&|]*--delete`,
      'iu',
    ),
  ],
  [
    'mayDiscard',
    /\bgit\s[^;&|]*(?:\breset\b[^;&|]*--hard|\bcheckout\b[^;&|]*(?:\s--\s|\s\.(?:\s|$)|\s-f\b|--force)|\brestore\b|\bstash\s+(?:drop|clear)\b|\bbranch\b[^;&|]*\s-D\b|\brebase\b|\bfilter-branch\b)/iu,
  ],
  [
    'mayPublish',
    /\bgit\s[^;&|]*\bpush\b|\b(?:npm|pnpm|yarn|cargo|twine|gem|vsce|poetry)\s[^;&|]*\b(?:publish|upload|push)\b|\bdocker\s[^;&|]*\bpush\b|\bgh\s+(?:pr|release|repo|issue)\s+(?:create|merge|delete|edit)\b|\bkubectl\s+(?:apply|delete)\b|\bterraform\s+(?:apply|destroy)\b/iu,
  ],
  ['mayElevate', new RegExp(word('sudo|su|doas|runas|pkexec|chmod|chown|setcap'), 'iu')],
  [
    'mayDownloadRun',
    /\b(?:curl|wget|iwr|Invoke-WebRequest|fetch)\b[^;]*\|\s*(?:sudo\s+)?(?:\w*sh|python\d?|node|perl|ruby|iex)\b|\beval\b[^;]*\b(?:curl|wget)\b|\b(?:ba|z)?sh\s+<\(\s*(?:curl|wget)/iu,
  ],
  [
    'mayReachNetwork',
    new RegExp(
      `${word('curl|wget|nc|ncat|netcat|scp|sftp|ssh|rsync|ftp|telnet|Invoke-WebRequest')}|/dev/tcp/`,
      'iu',
    ),
  ],
  [
    'mayChangeSystem',
    new RegExp(
      `${word('mkfs(?:\\.\\w+)?|dd|fdisk|shutdown|reboot|halt|kill|pkill|killall|systemctl|service|crontab|launchctl|reg|mount|umount|apt|apt-get|dnf|yum|brew|pacman')}|:\\(\\)\\s*\\{`,
      'iu',
    ),
  ],
];

/** Guesses from the text of a command, shown as guesses. None found does not mean harmless. */
export function guessCommandRisks(command: string): readonly Risk[] {
  return RULES.filter(([, pattern]) => pattern.test(command)).map(([risk]) => risk);
}

/** Files that change what tools, editors or version control do later (RELIABILITY V5: CVE-2025-53773 and its kin). */
const SETTINGS =
  /(?:^|[/\\])(?:\.vscode|\.git|\.github|\.husky|\.cursor|\.claude|\.letta|\.idea|\.devcontainer)(?:[/\\]|$)|(?:^|[/\\])(?:\.npmrc|\.yarnrc(?:\.yml)?|\.bashrc|\.zshrc|\.profile|\.gitconfig|\.gitattributes|\.gitmodules|\.mcp\.json|mcp\.json|\.env(?:\.\w+)?|\.pre-commit-config\.yaml|authorized_keys|[^/\\]*\.code-workspace)$/iu;

export function guessPathRisks(path: string): readonly Risk[] {
  return SETTINGS.test(path) ? ['mayChangeSettings'] : [];
}
