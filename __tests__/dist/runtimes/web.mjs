// Runs a bundle of the program where there is nothing but JavaScript and the web's interfaces: node web.mjs <bundle>
import { readFileSync } from 'node:fs'

const code = readFileSync(process.argv[2], 'utf8')
const web = new Set(
  [
    'AbortController AbortSignal Blob DOMException Event EventTarget FormData Headers MessageChannel Request Response',
    'ReadableStream TransformStream WritableStream TextDecoder TextEncoder URL URLSearchParams',
    'atob btoa clearInterval clearTimeout console crypto fetch performance queueMicrotask setInterval setTimeout',
    'structuredClone'
  ].flatMap((names) => names.split(' '))
)
const language = new Set(
  [
    'Object Function Array Number parseFloat parseInt Infinity NaN undefined Boolean String Symbol Date Promise RegExp Error',
    'AggregateError EvalError RangeError ReferenceError SyntaxError TypeError URIError globalThis JSON Math Intl ArrayBuffer',
    'Uint8Array Int8Array Uint16Array Int16Array Uint32Array Int32Array Float32Array Float64Array Uint8ClampedArray',
    'BigUint64Array BigInt64Array DataView Map BigInt Set WeakMap WeakSet Proxy Reflect decodeURI decodeURIComponent',
    'encodeURI encodeURIComponent escape unescape eval isFinite isNaN Atomics WebAssembly'
  ].flatMap((names) => names.split(' '))
)

// as in a browser, a timer is a number
const timers = new Map()
let last = 0
const ofBrowsers = {
  setTimeout: (run, ms, ...args) => {
    const id = ++last
    timers.set(
      id,
      setTimeout(() => (timers.delete(id), run(...args)), ms)
    )
    return id
  },
  clearTimeout: (id) => {
    clearTimeout(timers.get(id))
    timers.delete(id)
  }
}
const page = {}
for (const name of Object.getOwnPropertyNames(globalThis))
  if (web.has(name) || language.has(name)) Reflect.set(page, name, ofBrowsers[name] ?? globalThis[name])
page.globalThis = page
// what Node has besides is hidden by parameters of the same name, as its own classes need it
const hidden = Object.getOwnPropertyNames(globalThis).filter((name) => !(name in page))
const module = { exports: {} }
const given = { ...ofBrowsers, globalThis: page, module, exports: module.exports }
const names = [...hidden, ...Object.keys(given), 'require']
new Function(...names, `"use strict";${code}`)(...names.map((name) => given[name]))
console.log((await module.exports.run()).join('\n'))
