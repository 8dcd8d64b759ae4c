import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { VscodeUnderTest } from '../test/support/vscodeServer.ts';
import { Chat } from '../test/support/chat.ts';
import { ROOT } from './lib/paths.ts';

/** Makes the README's picture from the real thing: the packaged extension answering about a selection. */
const vscode = await VscodeUnderTest.start({
  settings: {
    'letta.demo.autoStart': true,
    'workbench.colorTheme': 'Default Dark Modern',
    'window.autoDetectColorScheme': false,
    'workbench.sideBar.location': 'right',
    'editor.minimap.enabled': false,
  },
});
try {
  const window = await vscode.openWindow({ viewport: { width: 1280, height: 760 } });
  await window.openFile('upload.ts');
  await window.page.locator('.monaco-editor .view-lines').first().click();
  await window.page.keyboard.press('Control+Home');
  for (let line = 0; line < 12; line++) await window.page.keyboard.press('Shift+ArrowDown');
  const chat = new Chat(await window.openChat());
  // Wide enough for the code that is quoted.
  const sideBar = await window.page.locator('.part.sidebar').boundingBox();
  if (sideBar !== null) {
    await window.page.mouse.move(sideBar.x - 2, sideBar.y + 300);
    await window.page.mouse.down();
    await window.page.mouse.move(sideBar.x - 120, sideBar.y + 300, { steps: 5 });
    await window.page.mouse.up();
  }
  await chat.sendAndFinish('think');
  await window.page.locator('.monaco-editor .view-lines').first().click();
  await window.page.keyboard.press('Control+Home');
  for (let line = 0; line < 12; line++) await window.page.keyboard.press('Shift+ArrowDown');
  await window.page.keyboard.press('Control+Alt+l');
  await chat.frame.getByRole('list', { name: 'Attached context' }).waitFor();
  await chat.send('Why does the upload retry forever?');
  await chat.sees('Prompts that I know');
  await mkdir(join(ROOT, 'media'), { recursive: true });
  await window.page.screenshot({ path: join(ROOT, 'media', 'screenshot.png') });
  await chat.finished();
  await window.runCommand('Letta: New Conversation');
  await chat.turns.first().waitFor({ state: 'detached' });
  await chat.send('command');
  await chat.approval.waitFor();
  await mkdir(join(ROOT, 'screenshots'), { recursive: true });
  await window.page.screenshot({ path: join(ROOT, 'screenshots', 'approval.png') });
} finally {
  await vscode.dispose();
}
