/**
 * What identifies a page: its address, without its variants.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import { makeAging } from '../../base/bounded'
import { KeyError } from '../../RingError'
import type { Target } from './model'

export type { Target } from './model'

/** Only an authority: no user, no path, and no question mark, which would address another page. */
const authority = /^(?:[a-z0-9._~-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i

const unusable = (why: string): E.Either<KeyError, never> => E.left(new KeyError(why))

const parse = (text: string): URL | undefined => {
  try {
    return new URL(text)
  } catch {
    return undefined
  }
}

export const targetOf = (text: string): E.Either<KeyError, Target> => {
  const url = parse(text)
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    return unusable('the address of a page is an http or https URL')
  // without the fragment, which is never sent
  return E.right({ origin: url.origin, path: url.pathname + url.search })
}

// -------------------------------------------------------------------------------------
// addresses that need no parser
// -------------------------------------------------------------------------------------

/** A path, and optionally a query, of characters that no parser of addresses changes. */
const plain = /^\/[A-Za-z0-9\-._~!$&()*+,;=:@%/]*(?:\?[A-Za-z0-9\-._~!$&()*+,;=:@%/?]+)?$/
/** A segment that a parser removes. In a query it stays; such an address is left to the parser, too. */
const dots = /\/(?:\.|%2e){1,2}(?:[/?]|$)/i

const isPlain = (path: string): boolean => plain.test(path) && !dots.test(path)

const longestHost = 256
/** What hosts are called, for the hosts that were asked for lately; `''` for one that a parser would write otherwise. */
const origins = /*#__PURE__*/ makeAging<string>(128)

/** The origin for a host that is written as a parser would write it. */
const originOf = (scheme: string, host: string): string | undefined => {
  if (host.length > longestHost) return undefined
  const text = `${scheme}://${host}`
  const known = origins.get(text)
  if (known !== undefined) return known === '' ? undefined : known
  const origin = authority.test(host) ? parse(text)?.origin : undefined
  origins.set(text, origin === text.toLowerCase() ? origin : '')
  return origin === text.toLowerCase() ? origin : undefined
}

// -------------------------------------------------------------------------------------
// addresses of requests
// -------------------------------------------------------------------------------------

const parsedIn = (scheme: string, host: string, line: string): E.Either<KeyError, Target> =>
  pipe(
    targetOf(`${scheme}://${host}${line}`),
    E.map((target) => ({
      ...target,
      isExact: target.path === line && target.origin === `${scheme}://${host.toLowerCase()}`
    }))
  )

/**
 * The address of a request to a server, by its line and its `Host`. Both are checked, so that together they cannot
 * address another page.
 */
export const targetIn = (
  scheme: 'http' | 'https',
  host: string | undefined,
  line: string
): E.Either<KeyError, Target> => {
  if (host === undefined || !authority.test(host)) return unusable('a request without a host')
  if (!line.startsWith('/')) return unusable('a request for no path')
  const origin = isPlain(line) ? originOf(scheme, host) : undefined
  return origin === undefined ? parsedIn(scheme, host, line) : E.right({ origin, path: line, isExact: true })
}

const schemeOf = (text: string): 'http' | 'https' | undefined =>
  text.startsWith('http://') ? 'http' : text.startsWith('https://') ? 'https' : undefined

/** A whole address, without a parser if possible. */
const quickly = (text: string): Target | undefined => {
  const scheme = schemeOf(text)
  if (scheme === undefined) return undefined
  const start = scheme.length + 3
  const at = text.indexOf('/', start)
  if (at < 0) return undefined
  const path = text.slice(at)
  const origin = isPlain(path) ? originOf(scheme, text.slice(start, at)) : undefined
  return origin === undefined ? undefined : { origin, path }
}

/**
 * The same for a request with an address. It may also have a `Host`, which its handler may use; that may have a port
 * that the address does not have.
 */
export const targetBeside = (text: string, host: string | undefined): E.Either<KeyError, Target> => {
  const quick = quickly(text)
  const given = quick === undefined ? targetOf(text) : E.right(quick)
  if (E.isLeft(given) || host === undefined || !host.includes(':')) return given
  const { origin } = given.right
  const own = origin.slice(origin.indexOf('//') + 2)
  const said = host.toLowerCase()
  return said.slice(0, said.lastIndexOf(':')) === own.replace(/:\d+$/, '')
    ? E.right({ ...given.right, isExact: said === own })
    : given
}

/** The target of a command: a whole address, or a path at the origin of the site. */
export const targetFor = (
  given: string | { readonly url: string } | { readonly href: string },
  origin: string | undefined
): E.Either<KeyError, Target> => {
  const text = typeof given === 'string' ? given : 'href' in given ? given.href : given.url
  return !text.startsWith('/')
    ? targetOf(text)
    : origin === undefined
    ? unusable('a path needs an origin: give the whole address, or the option `origin`')
    : targetOf(origin + text)
}

/** The path of a target, without its origin. */
export const pathFor = (
  given: string | { readonly url: string } | { readonly href: string }
): E.Either<KeyError, string> =>
  pipe(
    targetFor(given, 'http://localhost'),
    E.map(({ path }) => path)
  )

const hostOf = ({ origin }: Pick<Target, 'origin'>): string => origin.slice(origin.indexOf('//'))

/** Whether a request is for the site. The answer for another host may have links to that host. */
export const isAt = (target: Pick<Target, 'origin'>, site: Target | undefined): boolean =>
  site === undefined || target.origin === site.origin || hostOf(target) === hostOf(site)

/** Throws the error, as a key function does, for a command that returns no `Either`. */
export const orThrow = <A>(made: E.Either<KeyError, A>): A => {
  if (E.isLeft(made)) throw made.left
  return made.right
}
