/** Names that every object has: a request that does not have such a field has not said it. */
import * as http from 'node:http'

import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { dict } from 'fp-ring'
import { page, pageListener } from 'fp-ring/http'
import * as t from 'io-ts'

import { compile } from '../../src/codecs/ioTs/predicate'
import { variantOf } from '../../src/http/core/vary'
import { requestIn } from '../../src/http/node/incoming'
import { listening, soon } from './kit'

const inherited = Object.getOwnPropertyNames(Object.prototype)

describe('law P3: Vary may name what every object has', () => {
  it.each(inherited)('%s, of a server of Node', async (name) => {
    let runs = 0
    const pages = pageListener(
      (_: http.IncomingMessage, res: http.ServerResponse) => {
        res.setHeader('vary', name)
        res.end(`run ${++runs}`)
      },
      { store: dict<Uint8Array>() }
    )
    const server = http.createServer((req, res) => void pages(req, res))
    const url = `http://127.0.0.1:${await listening(server)}/`
    const text = async (headers: Record<string, string> = {}) => (await fetch(url, { headers })).text()
    try {
      expect(await text()).toBe('run 1')
      await soon(10)
      expect(await text()).toBe('run 1')
      // Node does not take this one for a field
      if (name === '__proto__') return
      expect(await text({ [name]: 'said' })).toBe('run 2')
      await soon(10)
      expect(await text({ [name]: 'said' })).toBe('run 2')
      expect(await text()).toBe('run 1')
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })

  it.each(inherited)('%s, of a handler of requests', async (name) => {
    let runs = 0
    const pages = page(() => new Response(`run ${++runs}`, { headers: { vary: name } }), {
      store: dict<Uint8Array>()
    })
    const text = async (headers: ReadonlyArray<[string, string]> = []) =>
      (await pages(new Request('http://example.com/', { headers: new Headers([...headers]) }))).text()
    expect([await text(), await text()]).toEqual(['run 1', 'run 1'])
    expect([await text([[name, 'said']]), await text([[name, 'said']])]).toEqual(['run 2', 'run 2'])
  })
})

it('the variant of a request is that of what it says, whatever the fields are called', () => {
  const name = fc.oneof(fc.constantFrom(...inherited), fc.stringMatching(/^[a-z_-]{1,12}$/))
  fc.assert(
    fc.property(
      fc.uniqueArray(name, { minLength: 1, maxLength: 4 }),
      name,
      fc.boolean(),
      (names, own, isSaid) => {
        const headers = Object.create(null) as Record<string, string>
        if (isSaid) Object.defineProperty(headers, own.toLowerCase(), { value: 'said', enumerable: true })
        const said = new Map(isSaid ? [[own.toLowerCase(), 'said']] : [])
        const byMap = { method: 'GET', header: (one: string) => said.get(one.toLowerCase()) }
        expect(variantOf(names, requestIn({ headers }))).toBe(variantOf(names, byMap))
      }
    )
  )
})

it.each(inherited)('a type of io-ts that is called %s is no type of io-ts', (tag) => {
  const is = (u: unknown): u is string => u === 'is'
  const type = Object.defineProperty(
    new t.Type<string>(tag, is, (u, context) => (is(u) ? t.success(u) : t.failure(u, context)), t.identity),
    '_tag',
    { value: tag }
  )
  // nobody knows what it decodes, so it is asked
  expect([compile(type), compile(t.readonly(type)), compile(t.type({ a: type }))]).toEqual([
    undefined,
    undefined,
    undefined
  ])
  expect(compile(t.string)).toBeDefined()
})
