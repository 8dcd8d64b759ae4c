import { readFile } from 'node:fs/promises';

/** VS Code's four default themes, as the variables a webview gets. */
export const THEME_NAMES = ['dark-modern', 'light-modern', 'hc-dark', 'hc-light'] as const;

type Rgba = readonly [number, number, number, number];

export interface Theme {
  /** WCAG contrast of a colour on a background that lies on the side bar. */
  contrast(colour: string, background: string): number;
}

export async function readTheme(name: (typeof THEME_NAMES)[number]): Promise<Theme> {
  // `as`: the fixture was read from a real VS Code; the fields used are checked below.
  const file = JSON.parse(await readFile(`test/fixtures/themes/${name}.json`, 'utf8')) as {
    readonly vars: Readonly<Record<string, string>>;
  };
  const colourOf = (variable: string): Rgba => {
    const value = file.vars[variable];
    if (value === undefined) throw new Error(`${name} has no ${variable}`);
    return parseColour(value);
  };
  return {
    contrast: (colour, background) => {
      const below = over(colourOf(background), colourOf('--vscode-sideBar-background'));
      const [bright, dark] = [luminance(over(colourOf(colour), below)), luminance(below)].toSorted(
        (a, b) => b - a,
      );
      return ((bright ?? 0) + 0.05) / ((dark ?? 0) + 0.05);
    },
  };
}

function parseColour(value: string): Rgba {
  const hex = /^#(\w\w)(\w\w)(\w\w)$/.exec(value);
  const [r = 0, g = 0, b = 0, a = 1] =
    hex === null
      ? [...value.matchAll(/[\d.]+/g)].map(Number)
      : hex.slice(1).map((part) => parseInt(part, 16));
  return [r, g, b, a];
}

function over(top: Rgba, below: Rgba): Rgba {
  const mix = (index: 0 | 1 | 2) => top[index] * top[3] + below[index] * (1 - top[3]);
  return [mix(0), mix(1), mix(2), 1];
}

function luminance([r, g, b]: Rgba): number {
  const linear = (value: number) =>
    value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4;
  return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
}
