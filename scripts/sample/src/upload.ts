import type { Photo } from './queue.ts';

export interface UploadOptions {
  readonly url: string;
  readonly maxAttempts: number;
  /** Waited before the second attempt, in ms; grows with every further one. */
  readonly delayMs: number;
  readonly send?: typeof fetch;
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Sends one photo and resolves to its id in the archive. */
export async function upload(photo: Photo, options: UploadOptions): Promise<string> {
  const send = options.send ?? fetch;
  let attempt = 0;
  while (attempt < options.maxAttempts) {
    const response = await send(`${options.url}/photos/${photo.name}`, { method: 'PUT', body: photo.bytes });
    if (response.ok) return ((await response.json()) as { id: string }).id;
    if (response.status < 500) throw new Error(`The archive refused ${photo.name}: ${response.status}`);
    // The archive is busy: wait, and longer every time.
    await wait(options.delayMs * 2 ** attempt);
  }
  throw new Error(`Gave up on ${photo.name} after ${attempt} attempts`);
}
