import type { Plugin } from 'esbuild';

/**
 * These modules of Node are loaded when something of them is first used. `ws` requires them all at its top, and the
 * broker, which stays in memory, hardly ever needs them: 5 MB.
 */
const LAZY = /^(https|tls|zlib)$/;

export const lazyModules: Plugin = {
  name: 'lazy-modules',
  setup(build) {
    build.onResolve({ filter: LAZY }, ({ path, namespace }) =>
      namespace === 'lazy' ? { path, external: true } : { path, namespace: 'lazy' },
    );
    build.onLoad({ filter: LAZY, namespace: 'lazy' }, ({ path }) => ({
      contents: `module.exports = new Proxy({}, { get: (_, name) => require("node:${path}")[name] });`,
      loader: 'js',
    }));
  },
};
