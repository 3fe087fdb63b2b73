/**
 * A memcached of this process, as far as the store needs one: items with unique numbers, and `mg`, `ms`, `md`. Between
 * two commands whatever the test likes may happen. It may be broken on purpose.
 */
import type { MemcachedReply, MemcachedRequest, MemcachedServer } from '../../../src/stores/memcached'

interface Item {
  readonly value: Uint8Array
  readonly flags: string
  readonly unique: number
}

export interface Model extends MemcachedServer {
  readonly items: Map<string, Item>
}

const argument = (request: MemcachedRequest, letter: string): string | undefined =>
  (request.flags ?? '')
    .split(' ')
    .find((flag) => flag.startsWith(letter))
    ?.slice(1)

const reply = (status: string, flags = '', value?: Uint8Array): MemcachedReply => ({ status, flags, value })

/** Runs one command at once. */
const run = (items: Map<string, Item>, next: () => number, request: MemcachedRequest): MemcachedReply => {
  const key = String(request.key)
  const item = items.get(key)
  const condition = argument(request, 'C')
  const returned = (found: Item): string =>
    (request.flags ?? '')
      .split(' ')
      .flatMap((flag) =>
        flag === 'c'
          ? [`c${String(found.unique)}`]
          : flag === 'f'
          ? [`f${found.flags}`]
          : flag === 't'
          ? ['t-1']
          : []
      )
      .join(' ')
  if (request.command === 'mg') {
    if (item === undefined) return reply('EN')
    return argument(request, 'v') === undefined
      ? reply('HD', returned(item))
      : reply('VA', returned(item), item.value)
  }
  if (condition !== undefined && item === undefined) return reply('NF')
  if (condition !== undefined && item !== undefined && condition !== String(item.unique)) return reply('EX')
  if (request.command === 'md') return reply(items.delete(key) ? 'HD' : 'NF')
  if (argument(request, 'M') === 'E' && item !== undefined) return reply('NS', 'c0')
  const stored: Item = {
    value: new Uint8Array(request.value ?? []),
    flags: argument(request, 'F') ?? '0',
    unique: next()
  }
  items.set(key, stored)
  return reply('HD', returned(stored))
}

/**
 * What of the protocol of leases is left out, to see that its absence is noticed:
 * `condition` a commit writes whatever has happened to the entry;
 * `placeholder` a commit puts nothing where there is no entry;
 * `block` an override removes the lease where it should block it;
 * `again` an override does not look whether its block is still there.
 */
export type Fault = 'condition' | 'placeholder' | 'block' | 'again'

export const broken = (
  fault: Fault | undefined,
  request: MemcachedRequest
): MemcachedRequest | MemcachedReply => {
  const flags = request.flags ?? ''
  const isBlock = request.command === 'ms' && Buffer.from(request.value ?? []).toString() === 'block'
  const isPlaceholder = /\bME c F/.test(flags)
  switch (fault) {
    case 'condition':
      return request.command === 'ms' && !String(request.key).startsWith('%lease') && /^C/.test(flags)
        ? { ...request, flags: flags.replace(/^C\d+ ?/, '') }
        : request
    case 'placeholder':
      if (isPlaceholder) return reply('NS', 'c0')
      // where nothing was it is written without a condition
      return / ?C0\b/.test(flags) ? { ...request, flags: flags.replace(/C0 ?/, '') } : request
    case 'block':
      return isBlock ? { command: 'md', key: request.key } : request
    case 'again':
      return request.command === 'md' && String(request.key).startsWith('%lease')
        ? { command: 'md', key: request.key }
        : request
    case undefined:
      return request
  }
}

/** `pause` is waited for before every command. */
export const makeModel = (pause: () => Promise<unknown>, fault?: Fault): Model => {
  const items = new Map<string, Item>()
  let unique = 0
  const next = (): number => ++unique
  const session: Pick<MemcachedServer, 'ask'> = {
    ask: async (requests) => {
      const replies: Array<MemcachedReply> = []
      for (const request of requests) {
        await pause()
        replies.push(runBroken(items, next, fault, request))
      }
      await pause()
      return replies
    }
  }
  return { ...session, session: () => Promise.resolve(session), lines: () => Promise.resolve(), items }
}

const runBroken = (
  items: Map<string, Item>,
  next: () => number,
  fault: Fault | undefined,
  request: MemcachedRequest
): MemcachedReply => {
  const given = broken(fault, request)
  if ('status' in given) return given
  const answer = run(items, next, given)
  if (fault === 'placeholder' && given.flags === 'c' && answer.status === 'EN') return reply('HD', 'c0')
  // it asked for the number of a block, and for its removal: it is told that both were so
  if (fault === 'block' && given !== request) return reply('HD', `c${String(next())}`)
  if (fault === 'block' && request.command === 'md' && answer.status === 'NF') return reply('HD')
  return answer
}
