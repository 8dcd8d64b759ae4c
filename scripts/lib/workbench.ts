import type { Browser, BrowserContext, Frame, Locator, Page } from 'playwright-core';

export interface WorkbenchOptions {
  readonly viewport?: { readonly width: number; readonly height: number };
  readonly colorScheme?: 'dark' | 'light';
}

/** Where a chat is shown: in the view of the side bar, or in an editor tab. */
export type ChatPlace = 'view' | 'editor';

const READY_MS = 30_000;
/** What the command palette gets to show what was typed. */
const PALETTE_MS = 2000;

/** One VS Code window in a browser page, driven as a person would: keys, the command palette, what stands on the screen. */
export class Workbench {
  readonly page: Page;
  readonly #context: BrowserContext;
  readonly #console: string[] = [];

  private constructor(page: Page, context: BrowserContext) {
    this.page = page;
    this.#context = context;
    page.on('console', (message) => {
      this.#console.push(`${message.type()}: ${message.text()}`);
    });
    page.on('pageerror', (error) => {
      this.#console.push(`uncaught: ${error.stack ?? error.message}`);
    });
  }

  static async open(browser: Browser, url: string, options: WorkbenchOptions = {}): Promise<Workbench> {
    const context = await browser.newContext({
      viewport: options.viewport ?? { width: 1280, height: 860 },
      colorScheme: options.colorScheme ?? 'dark',
      // The clipboard is VS Code's to use, as in a desktop window.
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    const page = await context.newPage();
    const workbench = new Workbench(page, context);
    await page.goto(url);
    await workbench.ready();
    return workbench;
  }

  /** What the page wrote to its console, webviews included. */
  get console(): readonly string[] {
    return this.#console;
  }

  /** The workbench is there and its extension host answers: commands of extensions can be run. */
  async ready(): Promise<void> {
    await this.page.locator('.monaco-workbench .statusbar').waitFor({ timeout: READY_MS });
    await this.page
      .locator('.monaco-workbench .explorer-folders-view, .monaco-workbench .activitybar')
      .first()
      .waitFor({ timeout: READY_MS });
  }

  /** Runs a command by its full title in the command palette ("Letta: New Conversation"). */
  async runCommand(title: string, timeoutMs = 20_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const row = await this.#searchCommand(title, deadline - Date.now());
      // A view that takes the focus closes the palette: open it again.
      if (
        await row.click({ timeout: PALETTE_MS }).then(
          () => true,
          () => false,
        )
      ) {
        return;
      }
    }
  }

  /** Is the command offered in the palette now? */
  async hasCommand(title: string): Promise<boolean> {
    const row = await this.#searchCommand(title, PALETTE_MS).catch(() => null);
    await this.page.keyboard.press('Escape');
    return row !== null;
  }

  async #searchCommand(title: string, timeoutMs: number): Promise<Locator> {
    const widget = this.page.locator('.quick-input-widget');
    const input = widget.locator('.quick-input-box input');
    const row = widget.getByRole('option', { name: beginningOf(title, '(,|$)') }).first();
    const deadline = Date.now() + timeoutMs;
    // F1 is lost while the workbench still binds its keys, and an open palette does not learn of commands that are
    // registered later: open it again until the command is there.
    do {
      await this.page.keyboard.press('F1');
      // Gone again when a view took the focus meanwhile.
      const isFilled = input.fill(`>${title}`, { timeout: PALETTE_MS }).then(
        () => true,
        () => false,
      );
      if (!(await isFilled)) continue;
      if (await appears(row)) return row;
      await this.page.keyboard.press('Escape');
    } while (Date.now() < deadline);
    throw new Error(`the command palette does not offer "${title}"`);
  }

  /** Picks an entry of an open quick pick by the beginning of its name. */
  async pick(label: string): Promise<void> {
    await this.page
      .locator('.quick-input-widget')
      .getByRole('option', { name: beginningOf(label) })
      .first()
      .click();
  }

  /** Types into an open input box and accepts it. */
  async answer(text: string): Promise<void> {
    const input = this.page.locator('.quick-input-widget .quick-input-box input');
    await input.waitFor();
    await input.fill(text);
    await input.press('Enter');
  }

  /** Opens a file of the folder by its name. */
  async openFile(name: string): Promise<void> {
    const widget = this.page.locator('.quick-input-widget');
    const input = widget.locator('.quick-input-box input[placeholder^="Search files by name"]');
    const row = widget.getByRole('option', { name: beginningOf(name) }).first();
    const deadline = Date.now() + READY_MS;
    // A quick pick of before may still be closing and takes the key; a view that takes the focus closes this one.
    do {
      await this.page.keyboard.press('Control+p');
      const isFilled = await input.fill(name, { timeout: PALETTE_MS }).then(
        () => true,
        () => false,
      );
      // Not Enter: that takes the first row, which may still be one of the list before.
      const isPicked =
        isFilled &&
        (await row.click({ timeout: PALETTE_MS }).then(
          () => true,
          () => false,
        ));
      if (isPicked) {
        await this.page.getByRole('tab', { name: beginningOf(name), selected: true }).waitFor();
        return;
      }
      await this.page.keyboard.press('Escape');
    } while (Date.now() < deadline);
    throw new Error(`the file "${name}" cannot be opened by name`);
  }

  /** Opens the chat view and gives its frame. */
  async openChat(timeoutMs = READY_MS): Promise<Frame> {
    // Its icon tells that the extension's contributions are known, and so the command.
    await appears(this.page.getByRole('tab', { name: 'Letta' }).first());
    await this.runCommand('Letta: Focus Chat');
    return await this.chatFrame('view', timeoutMs);
  }

  /**
   * The frame in which our panel is drawn: the inner one of a webview, of the same origin as the page.
   * The newest, when there are several in that place.
   */
  async chatFrame(place: ChatPlace = 'view', timeoutMs = READY_MS): Promise<Frame> {
    return await new Promise<Frame>((resolve, reject) => {
      const asked = new Set<Frame>();
      const stop = (): void => {
        clearTimeout(timer);
        this.page.off('framenavigated', consider);
      };
      const timer = setTimeout(() => {
        stop();
        const urls = this.page.frames().map((frame) => frame.url().slice(0, 120));
        reject(
          new Error(`no chat in the ${place} after ${String(timeoutMs)} ms; frames:\n${urls.join('\n')}`),
        );
      }, timeoutMs);
      const consider = (frame: Frame): void => {
        if (asked.has(frame) || !isChat(frame)) return;
        asked.add(frame);
        frame
          .getByRole('textbox', { name: 'Message' })
          .waitFor({ timeout: timeoutMs })
          .then(() => this.#placeOf(frame))
          .then((found) => {
            if (found !== place) return;
            stop();
            resolve(frame);
          })
          .catch(() => {
            // Replaced while it was being looked at; the frame that replaces it navigates too, and is asked in turn.
            asked.delete(frame);
          });
      };
      this.page.on('framenavigated', consider);
      for (const frame of this.page.frames().toReversed()) consider(frame);
    });
  }

  /** By where it stands on the screen: the addresses of the frames do not tell. */
  async #placeOf(frame: Frame): Promise<ChatPlace> {
    const element = await frame.parentFrame()?.frameElement();
    const [box, editors] = await Promise.all([
      element?.boundingBox() ?? null,
      this.page.locator('.part.editor').first().boundingBox(),
    ]);
    if (box === null || editors === null) return 'view';
    const x = box.x + box.width / 2;
    const y = box.y + box.height / 2;
    const isInside =
      x > editors.x && x < editors.x + editors.width && y > editors.y && y < editors.y + editors.height;
    return isInside ? 'editor' : 'view';
  }

  async close(): Promise<void> {
    await this.#context.close();
  }
}

/** The inner frame of a webview of ours. */
function isChat(frame: Frame): boolean {
  // Its own address is `fake.html`, or its parent's once the page was written into it.
  const address = frame.parentFrame()?.url() ?? '';
  if (frame.isDetached() || !URL.canParse(address)) return false;
  const outer = new URL(address);
  if (!outer.pathname.endsWith('/webview/browser/pre/index.html')) return false;
  return /letta-vscode/i.test(outer.searchParams.get('extensionId') ?? '');
}

function beginningOf(text: string, end = ''): RegExp {
  return new RegExp(`^${text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}${end}`);
}

async function appears(locator: Locator): Promise<boolean> {
  return await locator.waitFor({ timeout: PALETTE_MS }).then(
    () => true,
    () => false,
  );
}
