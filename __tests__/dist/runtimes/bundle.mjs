// Bundles the program for browsers: node bundle.mjs <folder with the tools> <esbuild or vite> <where to>
import { createRequire } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const [tools, name, out] = process.argv.slice(2)
const require = createRequire(path.join(tools, 'package.json'))
if (name === 'esbuild') {
  await require('esbuild').build({
    entryPoints: ['program.mjs'],
    bundle: true,
    minify: true,
    keepNames: true,
    format: 'cjs',
    platform: 'browser',
    outfile: out,
    logLevel: 'error'
  })
} else {
  const { build } = await import(pathToFileURL(require.resolve('vite')).href)
  await build({
    root: process.cwd(),
    configFile: false,
    logLevel: 'error',
    build: {
      outDir: path.dirname(out),
      emptyOutDir: false,
      lib: { entry: 'program.mjs', formats: ['cjs'], fileName: () => path.basename(out) }
    }
  })
}
