/**
 * What identifies a page: its address, without its variants.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import { KeyError } from '../../RingError'

/**
 * The address of a page: scheme and authority in lower case without a default port, and the unchanged path with its
 * query.
 */
export interface Target {
  readonly origin: string
  readonly path: string
  /**
   * Whether this equals the text of the request exactly; otherwise its handler may use another path, or another port.
   */
  readonly isExact?: boolean
}

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

/**
 * The address of a request to a server, by its line and its `Host`. Both are checked, so that together they cannot
 * address another page.
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
 * The same for a request with an address. It may also have a `Host`, which its handler may use; that may have a port
 * that the address does not have.
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
  site === undefined || hostOf(target) === hostOf(site)

/** Throws the error, as a key function does, for a command that returns no `Either`. */
export const orThrow = <A>(made: E.Either<KeyError, A>): A => {
  if (E.isLeft(made)) throw made.left
  return made.right
}
