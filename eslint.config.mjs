import tseslint from 'typescript-eslint';
import importX from 'eslint-plugin-import-x';

/** `from` may import only what `allow` names (and packages). The rules of ARCHITECTURE.md, as errors. */
const layer = (files, forbidden) => ({
  files,
  rules: {
    'no-restricted-imports': [
      'error',
      { patterns: forbidden.map(([regex, message]) => ({ regex, message })) },
    ],
  },
});

const NODE = [
  '^(node:.*|ws|fs|path|os|child_process|net|http|crypto)$',
  'pure layer: no Node here, add a port',
];
const VSCODE = ['^vscode$', 'vscode is imported in src/host and src/extension.ts only'];
const LETTA = ['^@letta-ai/', 'servers are spoken to in src/server only'];
const inside = (names) => [`(^|/)(${names})/`, 'not below this layer: see ARCHITECTURE.md'];

export default tseslint.config(
  { ignores: ['scripts/sample', 'dist', 'out', 'coverage', 'node_modules', 'screenshots'] },
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    plugins: { 'import-x': importX },
    linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: 'error' },
    languageOptions: {
      parserOptions: {
        project: ['tsconfig.json', 'webview/tsconfig.json', 'test/tsconfig.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      'max-lines': ['error', { max: 400 }],
      'import-x/no-default-export': 'error',
      'import-x/no-cycle': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: false },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/dot-notation': ['error', { allowIndexSignaturePropertyAccess: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: false }],
      '@typescript-eslint/no-import-type-side-effects': 'error',
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  layer(['src/shared/**'], [NODE, VSCODE, LETTA, inside('core|server|host|broker|runtimeHost|demo|webview')]),
  layer(['src/core/**'], [NODE, VSCODE, LETTA, inside('server|host|broker|runtimeHost|demo|webview')]),
  layer(['src/server/**'], [VSCODE, inside('host|broker|runtimeHost|webview')]),
  layer(['src/broker/**', 'src/brokerMain.ts'], [VSCODE, LETTA, inside('core|server|host|demo|webview')]),
  layer(['src/runtimeHost/**', 'src/demo/**'], [VSCODE, LETTA, inside('core|server|host|broker|webview')]),
  layer(['src/host/**'], [LETTA, inside('webview')]),
  layer(['webview/**'], [NODE, VSCODE, LETTA, inside('core|server|host|broker|runtimeHost|demo')]),
  {
    files: ['test/**/*.ts', 'test/**/*.tsx', 'bench/**/*.ts', 'scripts/**/*.ts'],
    rules: {
      'no-console': 'off',
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', name: ['test', 'it', 'suite', 'describe'], package: 'mocha' },
          ],
        },
      ],
      'max-lines': ['error', { max: 400 }],
    },
  },
);
