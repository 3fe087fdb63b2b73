/**
 * What a page is known by: where it is, and what of it varies.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import { KeyError } from '../RingError'

/** Where a page is: scheme and authority in lower case without a default port, and the path with its query as it is given. */
export interface Target {
  readonly origin: string
  readonly path: string
  /** Whether that is what the request said, letter by letter: else its handler may see another path, or another port. */
  readonly isExact?: boolean
}

/** An authority and nothing else: no user, no path, no question mark that would make it another page. */
const authority = /^(?:[a-z0-9._~-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i

const unusable = (why: string): E.Either<KeyError, never> => E.left(new KeyError(why))

const parse = (text: string): URL | undefined => {
  try {
    return new URL(text)
  } catch {
    return undefined
  }
}

/** @internal */
export const targetOf = (text: string): E.Either<KeyError, Target> => {
  const url = parse(text)
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    return unusable('the address of a page is an http or https URL')
  // what is not sent is not part of it
  return E.right({ origin: url.origin, path: url.pathname + url.search })
}

/**
 * Where a request to a server goes, by its line and its `Host`. Neither may be anything that names another page when it is
 * put together with the other.
 *
 * @internal
 */
export const targetIn = (
  scheme: string,
  host: string | undefined,
  line: string
): E.Either<KeyError, Target> =>
  host === undefined || !authority.test(host)
    ? unusable('a request without a host')
    : !line.startsWith('/')
    ? unusable('a request for no path')
    : pipe(
        targetOf(`${scheme}://${host}${line}`),
        E.map((target) => ({
          ...target,
          isExact: target.path === line && target.origin === `${scheme}://${host.toLowerCase()}`
        }))
      )

/**
 * The same for a request that has an address, and perhaps a `Host` beside it that its handler may read: there a port may be
 * said that the address does not have.
 *
 * @internal
 */
export const targetBeside = (text: string, host: string | undefined): E.Either<KeyError, Target> =>
  pipe(
    targetOf(text),
    E.map((target) => {
      const port = host?.lastIndexOf(':') ?? -1
      if (host === undefined || port < 0) return target
      const { host: own, hostname } = new URL(target.origin)
      const said = host.toLowerCase()
      return said.slice(0, port) === hostname ? { ...target, isExact: said === own } : target
    })
  )

/**
 * A target as a command is given it: a whole address, or a path, which has the origin of the site.
 *
 * @internal
 */
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

/**
 * The path of a target, which needs no origin.
 *
 * @internal
 */
export const pathFor = (
  given: string | { readonly url: string } | { readonly href: string }
): E.Either<KeyError, string> =>
  pipe(
    targetFor(given, 'http://localhost'),
    E.map(({ path }) => path)
  )

const hostOf = ({ origin }: Pick<Target, 'origin'>): string => origin.slice(origin.indexOf('//'))

/**
 * Whether a request is one for the site: one that names another host may have been answered with links to that.
 *
 * @internal
 */
export const isAt = (target: Pick<Target, 'origin'>, site: Target | undefined): boolean =>
  site === undefined || hostOf(target) === hostOf(site)

/**
 * A command that has no way to fail throws, as a key function does.
 *
 * @internal
 */
export const orThrow = <A>(made: E.Either<KeyError, A>): A => {
  if (E.isLeft(made)) throw made.left
  return made.right
}
