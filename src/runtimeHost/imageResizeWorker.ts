/**
 * Takes the place of Letta Code's image worker, which needs native modules: an image on stdin, JSON on stdout. Reads the
 * size from the header and passes the image on as it is; what is too large for a model is refused with the reason.
 */
const MAX_SIDE = 2000;
const MAX_BYTES = 5 * 1024 * 1024;

interface ImageHeader {
  readonly mediaType: string;
  readonly width: number;
  readonly height: number;
}

export function readHeader(image: Buffer): ImageHeader {
  if (image.length >= 24 && image.readUInt32BE(0) === 0x89504e47) {
    return { mediaType: 'image/png', width: image.readUInt32BE(16), height: image.readUInt32BE(20) };
  }
  if (image.length >= 10 && image.toString('latin1', 0, 3) === 'GIF') {
    return { mediaType: 'image/gif', width: image.readUInt16LE(6), height: image.readUInt16LE(8) };
  }
  if (
    image.length >= 30 &&
    image.toString('latin1', 0, 4) === 'RIFF' &&
    image.toString('latin1', 8, 12) === 'WEBP'
  ) {
    return readWebp(image);
  }
  if (image.length >= 4 && image.readUInt16BE(0) === 0xffd8) return readJpeg(image);
  throw new Error('The image is neither PNG, JPEG, GIF nor WebP.');
}

/** RFC 9649: the extended, the lossless and the lossy form each keep the size elsewhere. */
function readWebp(image: Buffer): ImageHeader {
  const mediaType = 'image/webp';
  switch (image.toString('latin1', 12, 16)) {
    case 'VP8X':
      return { mediaType, width: 1 + image.readUIntLE(24, 3), height: 1 + image.readUIntLE(27, 3) };
    case 'VP8L': {
      const bits = image.readUInt32LE(21);
      return { mediaType, width: 1 + (bits & 0x3fff), height: 1 + ((bits >> 14) & 0x3fff) };
    }
    default:
      return { mediaType, width: image.readUInt16LE(26) & 0x3fff, height: image.readUInt16LE(28) & 0x3fff };
  }
}

/** The size stands in the start-of-frame segment: C0–CF without C4, C8 and CC, which are tables. */
function readJpeg(image: Buffer): ImageHeader {
  let at = 2;
  while (at + 9 <= image.length) {
    const marker = image[at] === 0xff ? image[at + 1] : undefined;
    if (marker === undefined) break;
    if (marker === 0xff) {
      at++;
      continue;
    }
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return {
        mediaType: 'image/jpeg',
        width: image.readUInt16BE(at + 7),
        height: image.readUInt16BE(at + 5),
      };
    }
    at += 2 + image.readUInt16BE(at + 2);
  }
  throw new Error('The JPEG image has no size in its header.');
}

async function main(): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer); // without an encoding a stream gives Buffers
  const image = Buffer.concat(chunks);
  const { mediaType, width, height } = readHeader(image);
  if (width > MAX_SIDE || height > MAX_SIDE || image.length > MAX_BYTES) {
    const size = `${String(width)}×${String(height)} pixels, ${String(image.length)} bytes`;
    throw new Error(`The image is too large (${size}); the limit is 2000×2000 pixels and 5 MB.`);
  }
  const result = { data: image.toString('base64'), mediaType, width, height, resized: false };
  process.stdout.write(JSON.stringify(result));
}

// The runtime starts it as a program; tests import it.
if (process.argv[1]?.includes('image-resize-worker') === true) {
  main().catch((error: unknown) => {
    process.stderr.write(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  });
}
