import { writeFile } from 'node:fs/promises';
import { NOTICES, makeNotices } from './lib/notices.ts';

/** npm run notices: THIRD_PARTY_NOTICES.md, after `npm run build`. */
await writeFile(NOTICES, await makeNotices());
