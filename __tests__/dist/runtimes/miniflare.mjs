// Runs the worker in workerd: node miniflare.mjs <folder with the tools> <compatibility date> [flag]
import { createRequire } from 'node:module'
import path from 'node:path'

const [tools, compatibilityDate, ...compatibilityFlags] = process.argv.slice(2)
const require = createRequire(path.join(tools, 'package.json'))
const { Miniflare } = require('miniflare')
const esbuild = require('esbuild')

const { outputFiles } = await esbuild.build({
  entryPoints: ['worker.mjs'],
  bundle: true,
  format: 'esm',
  platform: 'neutral',
  mainFields: ['module', 'main'],
  conditions: ['workerd', 'worker', 'browser', 'import'],
  external: ['cloudflare:*'], // a `node:` import that is left ends the build
  write: false,
  logLevel: 'error'
})
const worker = new Miniflare({
  modules: [{ type: 'ESModule', path: 'worker.mjs', contents: outputFiles[0].text }],
  compatibilityDate,
  compatibilityFlags
})
const ask = async (path) => {
  const response = await worker.dispatchFetch(`http://example.com${path}`)
  const text = await response.text()
  if (response.status !== 200) throw new Error(text)
  return text
}
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
/** Asked once, then when it is stale, then when what that began should have ended. */
const thrice = async (path) => {
  const answers = []
  for (const pause of [0, 100, 1_000]) {
    await sleep(pause)
    answers.push(await ask(path))
  }
  return answers.join()
}
try {
  const shown = {
    program: (await ask('/program')).split('\n'),
    shared: (await Promise.all([ask('/shared'), ask('/shared')])).join(),
    ended: await thrice('/ended'),
    lasting: await thrice('/lasting'),
    page: await thrice('/page')
  }
  console.log(JSON.stringify(shown))
} finally {
  await worker.dispose()
}
