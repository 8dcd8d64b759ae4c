import { packageVsix } from './lib/vsix.ts';

/** npm run package: letta-vscode.vsix, its file list and its sizes checked. */
console.log(await packageVsix());
