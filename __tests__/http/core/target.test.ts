/** Addresses by a pattern come out as by `URL`. */
import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'

import { targetBeside, targetIn } from '../../../src/http/core/target'
import { runs } from '../../runs'

const authority = /^(?:[a-z0-9._~-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i

interface Place {
  readonly origin: string
  readonly path: string
  readonly isExact?: boolean
}

/** The same by `URL` alone; `undefined` if there is no address. */
const byUrl = (text: string): Place | undefined => {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  return ['http:', 'https:'].includes(url.protocol)
    ? { origin: url.origin, path: url.pathname + url.search }
    : undefined
}
const inByUrl = (scheme: string, host: string | undefined, line: string): Place | undefined => {
  if (host === undefined || !authority.test(host) || !line.startsWith('/')) return undefined
  const target = byUrl(`${scheme}://${host}${line}`)
  return target === undefined
    ? undefined
    : { ...target, isExact: target.path === line && target.origin === `${scheme}://${host.toLowerCase()}` }
}
const besideByUrl = (text: string, host: string | undefined): Place | undefined => {
  const target = byUrl(text)
  if (target === undefined || host === undefined || !host.includes(':')) return target
  const url = new URL(target.origin)
  const said = host.toLowerCase()
  return said.slice(0, said.lastIndexOf(':')) === url.hostname
    ? { ...target, isExact: said === url.host }
    : target
}
const found = <A>(made: E.Either<unknown, A>): A | undefined => (E.isRight(made) ? made.right : undefined)

const scheme = fc.constantFrom<'http' | 'https'>('http', 'https')
const hostPart = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom('example.com', 'a.example', 'EXAMPLE.com', 'localhost', '127.0.0.1', '[::1]')
  },
  { weight: 2, arbitrary: fc.stringMatching(/^[a-zA-Z0-9._~-]{1,12}$/) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '0x7f.1',
      '1.1',
      '[::1',
      '[0:0::1]',
      'xn--a',
      'a..b',
      '.',
      '-',
      '~',
      'a@b',
      'a/b',
      'a?b',
      '256.1.1.1',
      'ex%61mple.com'
    )
  }
)
const port = fc.constantFrom('', '', '', ':80', ':443', ':8080', ':080', ':0', ':99999', ':', ':x')
const host = fc.tuple(hostPart, port).map((parts) => parts.join(''))
/** Texts in which a parser would change something, or that look as if it would. */
const tricky = [
  '.',
  '..',
  '%2e',
  '%2E',
  '.%2e',
  '%2e%2E',
  '...',
  '.well-known',
  '/',
  '//',
  '?',
  '??',
  '#',
  '&',
  '=',
  '%',
  '%zz',
  '%20',
  ' ',
  '\t',
  '\n',
  '\\',
  '"',
  "'",
  '<',
  '>',
  '`',
  '{',
  '}',
  '|',
  '^',
  '[',
  ']',
  '~',
  '!',
  '$',
  '(',
  ')',
  '*',
  '+',
  ',',
  ';',
  ':',
  '@',
  'a',
  'B',
  '0',
  '_',
  '-',
  'ä',
  '€',
  '\u{1f600}',
  '\ud800',
  '\u0000',
  '\u007f',
  '\u00a0'
]
const line = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.array(fc.constantFrom(...tricky), { maxLength: 8 }).map((parts) => `/${parts.join('')}`)
  },
  {
    weight: 2,
    arbitrary: fc.webUrl({ withQueryParameters: true }).map((text) => {
      const url = new URL(text)
      return url.pathname + url.search
    })
  },
  {
    weight: 2,
    arbitrary: fc
      .array(fc.constantFrom('/', '/a', '/.', '/..', '/%2e', '?', '/b?c=/../d', '.x'), { maxLength: 6 })
      .map((parts) => `/${parts.join('')}`)
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }).map((text) => `/${text}`) },
  { weight: 1, arbitrary: fc.constantFrom('', '*', 'a', 'http://example.com/', 'example.com:443') }
)

describe('an address by a pattern', () => {
  const numRuns = runs(200_000)

  it('is the same as by URL, for the line of a request', () => {
    const seen = { exact: 0, other: 0, none: 0 }
    fc.assert(
      fc.property(scheme, fc.option(host, { nil: undefined, freq: 20 }), line, (one, at, path) => {
        const expected = inByUrl(one, at, path)
        expect(found(targetIn(one, at, path))).toEqual(expected)
        seen[expected === undefined ? 'none' : expected.isExact === true ? 'exact' : 'other']++
      }),
      { numRuns, seed: 1 }
    )
    expect(Math.min(...Object.values(seen)) / numRuns).toBeGreaterThan(0.1)
  })

  it('is the same as by URL, for a whole address beside a Host', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          { weight: 8, arbitrary: scheme },
          { weight: 1, arbitrary: fc.constantFrom('ftp', 'HTTP', 'http:', '') }
        ),
        host,
        line,
        fc.option(host, { nil: undefined }),
        fc.boolean(),
        (one, at, path, beside, same) => {
          const text = `${one}://${at}${path}`
          const said = same ? at : beside
          expect(found(targetBeside(text, said))).toEqual(besideByUrl(text, said))
        }
      ),
      { numRuns, seed: 2 }
    )
  })

  it('is told for hosts without end, also when the first ones come again', () => {
    const hosts = Array.from(
      { length: 1_000 },
      (_, i) => `${i % 2 === 0 ? 'Host' : 'host'}${String(i)}.example:${i}`
    )
    for (const one of [...hosts, ...hosts.slice(0, 10)])
      expect(found(targetIn('http', one, '/x'))).toEqual(inByUrl('http', one, '/x'))
  })

  it.each<readonly [string, RegExp]>([
    ['the rule on segments of dots', /^\/[A-Za-z0-9\-._~%/]*(?:\?[A-Za-z0-9\-._~%/?]+)?$/],
    ['the rule on an empty query', /^\/(?!.*\/(?:\.|%2e))[A-Za-z0-9\-._~%/?]*$/i],
    ['the quote left out', /^\/(?!.*\/(?:\.|%2e))[A-Za-z0-9\-._~%/]*(?:\?[A-Za-z0-9\-._~%/?']+)?$/i]
  ])('control: a pattern without %s is found out', (_, pattern) => {
    const { failed } = fc.check(
      fc.property(line, (path) => {
        if (pattern.test(path)) expect(inByUrl('http', 'a', path)).toMatchObject({ path, isExact: true })
      }),
      { numRuns: 20_000, seed: 3 }
    )
    expect(failed).toBe(true)
  })

  it('may have a name that begins with a dot, and dots in its query', () => {
    expect(found(targetIn('http', 'a', '/.well-known/x?y=/../z'))).toMatchObject({ isExact: true })
  })
})

it('URL is left alone for a usual address', () => {
  const real = globalThis.URL
  const made = { count: 0 }
  globalThis.URL = class extends real {
    constructor(...args: ConstructorParameters<typeof real>) {
      super(...args)
      made.count++
    }
  }
  try {
    for (let i = 0; i < 10; i++) {
      targetIn('https', 'usual.example', `/articles/${String(i)}?page=2`)
      targetBeside(`https://usual.example/articles/${String(i)}?page=2`, 'usual.example')
    }
    // once for the host
    expect(made.count).toBe(1)
    targetIn('https', 'usual.example', '/a/../b')
    expect(made.count).toBe(2)
  } finally {
    globalThis.URL = real
  }
})
