export interface Photo {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly takenAt: number;
}

/** The newest first: these are the ones a person looks for. */
export function nextPhotos(waiting: readonly Photo[], count: number): readonly Photo[] {
  return waiting.toSorted((a, b) => b.takenAt - a.takenAt).slice(0, count);
}
