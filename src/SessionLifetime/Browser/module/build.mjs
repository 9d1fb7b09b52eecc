/** Bundles each served file: `npm run build` writes ../dist, `npm run build -- <folder>` another folder. */
import { build, transform } from 'esbuild';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const outdir = resolve(process.argv[2] ?? join(here, '../dist'));

/** A style sheet becomes its minified text. @type {import('esbuild').Plugin} */
const css = {
  name: 'css',
  setup: ({ onLoad }) => onLoad({ filter: /\.css$/ }, async ({ path }) => {
    const { code } = await transform(await readFile(path, 'utf8'), { loader: 'css', minify: true });
    // The minifier keeps the white space in values of custom properties. The style sheet has no strings, where it would count.
    return { contents: code.trim().replace(/([:,]) /g, '$1'), loader: 'text' };
  }),
};

for (const name of ['session-lifetime', 'session-lifetime-relay', 'session-lifetime-tab', 'session-lifetime-signalr', 'session-lifetime-blazor']) {
  await build({
    absWorkingDir: here,
    entryPoints: [`${name}.js`],
    outdir,
    bundle: true,
    format: 'esm',
    target: 'esnext',
    charset: 'utf8',
    minify: true,
    // Properties of the module's own objects, never of what an app, a page or the wire sees.
    mangleProps: /^_/,
    // A served file may import another: both stay one file each.
    external: ['./session-lifetime-signalr.js'],
    plugins: [css],
    logLevel: 'warning',
  });
}
