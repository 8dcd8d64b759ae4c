import assert from 'node:assert/strict';
import { suite, test } from 'mocha';
import { readHeader } from '../../../src/runtimeHost/imageResizeWorker.ts';

/** The shortest images with a size in their header, each made by hand from its specification. */
const IMAGES: readonly (readonly [string, string, number, number, Buffer])[] = [
  ['PNG', 'image/png', 640, 480, bytes('89504e470d0a1a0a 0000000d49484452 00000280 000001e0')],
  ['GIF', 'image/gif', 320, 200, bytes('474946383961 4001 c800')],
  [
    'lossy WebP',
    'image/webp',
    550,
    368,
    bytes('52494646 00000000 57454250 56503820 00000000 000000 9d012a 2602 7001'),
  ],
  [
    'lossless WebP',
    'image/webp',
    400,
    301,
    bytes('52494646 00000000 57454250 5650384c 00000000 2f 8f014b00 0000000000'),
  ],
  [
    'extended WebP',
    'image/webp',
    1001,
    999,
    bytes('52494646 00000000 57454250 56503858 0a000000 10000000 e80300 e60300'),
  ],
  ['JPEG', 'image/jpeg', 1920, 1080, bytes('ffd8 ffe00004abcd ffff c4 0003 00 ffc2 0011 08 0438 0780 03')],
];

suite('the image worker', () => {
  for (const [name, mediaType, width, height, image] of IMAGES) {
    test(`reads the size of ${name}`, () => {
      assert.deepEqual(readHeader(image), { mediaType, width, height });
    });

    test(`says what is wrong with a ${name} that is cut off`, () => {
      for (let length = 0; length < 10; length++) {
        assert.throws(
          () => readHeader(image.subarray(0, length)),
          /^Error: The (image|JPEG image) /,
          String(length),
        );
      }
    });
  }

  test('a JPEG of tables only has no size', () => {
    assert.throws(
      () => readHeader(bytes('ffd8 ffdb 0004 0000 ffc4 0004 0000 ffd9 0000 0000 0000')),
      /no size/,
    );
  });
});

function bytes(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex');
}
