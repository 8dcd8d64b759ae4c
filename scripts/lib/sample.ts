import { existsSync } from 'node:fs';
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from './paths.ts';
import { findOnPath, runOrThrow } from './processes.ts';

/** The sample project, as a git repository, in `folder`. What is there already is kept: a person may have worked in it. */
export async function ensureSample(folder: string): Promise<string> {
  if (existsSync(join(folder, 'package.json'))) return folder;
  await mkdir(folder, { recursive: true });
  await cp(join(ROOT, 'scripts', 'sample'), folder, { recursive: true });
  const git = findOnPath(['git']);
  if (git === null) return folder;
  const as = ['-c', 'user.name=Sample', '-c', 'user.email=sample@localhost', '-c', 'commit.gpgsign=false'];
  await runOrThrow(git, ['init', '-q', '-b', 'main'], { cwd: folder });
  await runOrThrow(git, ['add', '-A'], { cwd: folder });
  await runOrThrow(git, [...as, 'commit', '-q', '-m', 'First pictures go up'], { cwd: folder });
  return folder;
}
