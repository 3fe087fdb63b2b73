/** Faults that no observer is told: what a program hears of them, how often, and how it turns that off. */
import { execFile } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

import { describe, expect, jest, test } from '@jest/globals'
import { build } from 'esbuild'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'

import type { Clock, RingEvent } from '../../src'
import { Codec, dict, Duration, KeyFn, Policy, ring, RingError, Store } from '../../src'
import { makeQuota, warn } from '../../src/base/warning'
import { page } from '../../src/http'
import { freshFolder } from '../folders'
import { packages } from '../integration/bundle'
import { hearWarnings } from '../warnings'

const { all, of } = hearWarnings()
const faults = (): ReadonlyArray<string> => of('FP_RING_FAULT')

const secret = 'redis://user:SECRET@host/0'
class DriverError extends Error {
  readonly code = 'ECONNREFUSED'
}

const down = <A>(operation: Store.Operation): TE.TaskEither<RingError.StoreError, A> =>
  TE.left(RingError.storeFailed(operation)(new DriverError(`${secret} is down`)))
/** A store of which some operations fail; a list of them, whatever else it is. */
const failing = (
  ...operations: ReadonlyArray<Store.Operation>
): Store.Store<unknown> & Store.Leasing<unknown> =>
  Store.around((operation, task) => (operations.includes(operation) ? down(operation) : task))(dict())

const fetchUser = (id: number): TE.TaskEither<never, string> => TE.right(`SECRET ${id}`)
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))
const never = Policy.policy(Policy.ttl(Duration.seconds(60)))

/** How each kind comes about, and what is said of it. */
const kinds: Readonly<Record<string, readonly [() => Promise<unknown>, RegExp]>> = {
  'a read that fails': [
    () => ring(fetchUser, { store: failing('get') })(1)(),
    /ring 'fetchUser:': get failed with a StoreError \(failed\), caused by DriverError ECONNREFUSED/
  ],
  'a bulk read that fails': [
    () => ring(fetchUser, { store: failing('getMany') }).getOrUpdateMany([[1], [2]])(),
    /getMany failed with a StoreError \(failed\)/
  ],
  'a write that fails': [
    () => ring(fetchUser, { store: failing('set') })(1)(),
    /set failed with a StoreError \(failed\)/
  ],
  'a delete that fails': [() => ring(fetchUser, { store: failing('delete') }).delete(1)(), /delete failed/],
  'get that is asked for': [() => ring(fetchUser, { store: failing('get') }).get(1)(), /get failed/],
  'getMany that is asked for': [
    () => ring(fetchUser, { store: failing('getMany') }).getMany([[1], [2]])(),
    /getMany failed/
  ],
  'a lease that cannot be taken': [
    () => ring(fetchUser, { store: failing('acquire'), policy: Policy.lease() })(1)(),
    /acquire failed/
  ],
  'a lease that an update cannot take': [
    () => ring(fetchUser, { store: failing('seize'), policy: Policy.lease() }).update(1)(),
    /seize failed/
  ],
  'a lease that cannot be renewed': [
    async () => {
      const slow =
        (id: number): TE.TaskEither<never, number> =>
        async () => {
          await new Promise((resolve) => setTimeout(resolve, 100))
          return E.right(id)
        }
      await ring(slow, { store: failing('renew'), policy: Policy.lease({ ttl: Duration.milliseconds(30) }) })(
        1
      )()
    },
    /renew failed/
  ],
  'a value that the codec refuses to write': [
    () => {
      const codec = Codec.imap<string, string>(String, () => {
        throw new Error(secret)
      })(Codec.json(t.string))
      return ring(fetchUser, { store: dict<Uint8Array>(), codec })(1)()
    },
    /encode failed with an EncodeError, caused by Error/
  ],
  'an entry that the codec refuses to read': [
    async () => {
      const store = dict<Uint8Array>()
      await store.set('fetchUser:1', Buffer.from(`"${secret}`), Duration.minutes(1))()
      await ring(fetchUser, { store, codec: Codec.json(t.string) })(1)()
    },
    /decode failed with a DecodeError/
  ],
  'a codec whose errors hold what they refused': [
    async () => {
      const store = dict()
      await store.set('fetchUser:1', secret, Duration.minutes(1))()
      const codec: Codec.Codec<string, unknown> = {
        encode: E.right,
        decode: (raw) => E.left(new RingError.DecodeError(`cannot read ${String(raw)}`))
      }
      await ring(fetchUser, { store, codec })(1)()
    },
    /decode failed with a DecodeError\. The ring works on/
  ],
  'a store whose errors hold what they were asked': [
    () => {
      const store: Store.Store<unknown> = {
        ...dict(),
        get: (key) =>
          TE.left(new RingError.StoreError(`get ${key} ${secret}` as never, secret as never, secret))
      }
      return ring(fetchUser, { store: Store.around((_, task) => task)(store) })(1)()
    },
    /the store failed with a StoreError\. The ring works on/
  ],
  'a store that answers with wrong values': [
    () =>
      ring(fetchUser, { store: { ...failing(), get: () => async () => E.right([secret]) } as never })(1)(),
    /get failed with a StoreError \(failed\): get: the store answered with a list, not with an Option/
  ],
  'a store that throws': [
    () => {
      const get = () => {
        throw new DriverError(secret)
      }
      return ring(fetchUser, { store: { ...failing(), get } as never })(1)()
    },
    /get: the store threw, caused by DriverError ECONNREFUSED/
  ],
  'a store that is late': [
    () =>
      ring(fetchUser, {
        store: { ...failing(), get: () => () => new Promise<never>(() => undefined) },
        policy: Policy.policy(never, Policy.storeTimeout(Duration.milliseconds(5)))
      })(1)(),
    /get failed with a StoreError \(timeout\): get: the store did not answer in time/
  ],
  'arguments without a key': [
    () =>
      ring(fetchUser, {
        store: failing(),
        key: KeyFn.of((_id: number): string => {
          throw new Error(secret)
        }, 'fetchUser:')
      })(1)(),
    /key failed with a KeyError: the key function threw, caused by Error/
  ],
  'a policy that throws': [
    () =>
      ring(fetchUser, {
        store: failing(),
        policy: Policy.cacheWhen(() => {
          throw new Error(secret)
        })
      })(1)(),
    /encode failed with an EncodeError: the policy threw, caused by Error/
  ],
  'a page': [
    () =>
      page(async () => new Response('SECRET', { headers: { 'cache-control': 'max-age=60' } }), {
        store: Store.around((operation, task) => (operation === 'set' ? down(operation) : task))(
          dict<Uint8Array>()
        ),
        origin: 'https://example.com'
      })(new Request('https://example.com/SECRET')).then((response) => response.text()),
    /ring 'page:': set failed/
  ]
}

describe('without an observer', () => {
  test.each(Object.entries(kinds))('%s is a warning, without values', async (_, [happens, said]) => {
    await happens()
    await settled()
    expect(faults().filter((one) => said.test(one))).toHaveLength(1)
    for (const one of all()) {
      expect(one).toMatchObject({ code: 'FP_RING_FAULT', type: 'FpRingWarning' })
      expect(one.message).not.toContain('SECRET')
      expect(one.message).not.toMatch(/:1\b/) // a key
      expect(one.message).toMatch(/warnings: false/)
    }
  })

  test('what works is no warning', async () => {
    const user = ring(fetchUser, { store: dict(), policy: Policy.lease() })
    await user(1)()
    await user(1)()
    await user.update(1)()
    await user.getOrUpdateMany([[1], [2]])()
    await user.delete(1)()
    await settled()
    expect(all()).toEqual([])
  })

  test('each kind is said once for a ring, then once a minute with a count, while it goes on', async () => {
    let time = 0
    const clock: Clock.Clock = { now: () => time }
    const user = ring(fetchUser, { store: failing('get', 'set'), clock })
    const other = ring(fetchUser, { store: failing('get'), name: 'other', clock })
    const ask = async (): Promise<void> => {
      await user(1)()
      await settled()
    }
    await ask()
    expect(faults()).toHaveLength(2) // get and set
    for (let i = 0; i < 4; i++) await ask()
    expect(faults()).toHaveLength(2)
    await other(1)()
    expect(faults()).toHaveLength(3) // it is another ring
    time = 59_999
    await ask()
    expect(faults()).toHaveLength(3)
    time = 60_000
    await ask()
    expect(faults().slice(3)).toEqual([
      expect.stringMatching(/get failed.*\(and 5 more since the last warning\)$/),
      expect.stringMatching(/set failed.*\(and 5 more since the last warning\)$/)
    ])
    time = 120_000
    await ask()
    expect(faults()).toHaveLength(7)
    expect(faults().at(-1)).not.toMatch(/more since/)
  })

  test('a hit asks no clock', async () => {
    let asked = 0
    const clock: Clock.Clock = { now: () => (asked++, 0) }
    const user = ring(fetchUser, { store: dict({ clock: { now: () => 0 } }), clock })
    await user(1)()
    asked = 0
    for (let i = 0; i < 10; i++) await user(1)()
    expect(asked).toBe(0)
    const watched = ring(fetchUser, {
      store: dict({ clock: { now: () => 0 } }),
      clock,
      observe: () => undefined
    })
    await watched(1)()
    asked = 0
    await watched(1)()
    expect(asked).toBe(2) // a control: an observer is told how long it took
  })
})

describe('it is turned off', () => {
  test('by an observer, who is told instead', async () => {
    const events: Array<RingEvent.RingEvent> = []
    const user = ring(fetchUser, { store: failing('get', 'set'), observe: (event) => events.push(event) })
    await user(1)()
    await settled()
    expect(events.filter(({ _tag }) => _tag === 'Fault')).toHaveLength(2)
    expect(all()).toEqual([])
  })

  test('by the option of a ring, and of a page', async () => {
    await ring(fetchUser, { store: failing('get', 'set'), warnings: false })(1)()
    await ring(fetchUser, { store: failing('get'), warnings: false }).get(1)()
    await page(async () => new Response('x', { headers: { 'cache-control': 'max-age=60' } }), {
      store: Store.around((operation, task) => (operation === 'get' ? down(operation) : task))(
        dict<Uint8Array>()
      ),
      origin: 'https://example.com',
      warnings: false
    })(new Request('https://example.com/'))
    await settled()
    expect(all()).toEqual([])
  })

  test('where a process cannot warn, the console does; where neither can, nothing happens', async () => {
    const said: Array<string> = []
    const warn = jest.spyOn(console, 'warn').mockImplementation((line: string) => void said.push(line))
    const { emitWarning } = process
    const fails = () => ring(fetchUser, { store: failing('get') })(1)()
    Object.assign(process, { emitWarning: undefined })
    try {
      expect(await fails()).toEqual(E.right('SECRET 1'))
      expect(said).toEqual([
        expect.stringMatching(/^\[FP_RING_FAULT\] fp-ring: ring 'fetchUser:': get failed/)
      ])
      Object.assign(console, { warn: undefined })
      expect(await fails()).toEqual(E.right('SECRET 1'))
    } finally {
      Object.assign(console, { warn })
      Object.assign(process, { emitWarning })
    }
    Object.assign(process, {
      emitWarning: () => {
        throw new Error('a program has replaced it')
      }
    })
    expect(await fails()).toEqual(E.right('SECRET 1'))
    Object.assign(process, { emitWarning })
  })

  test('in Workers the console warns, as their process prints nothing', async () => {
    const said: Array<string> = []
    const spy = jest.spyOn(console, 'warn').mockImplementation((line: string) => void said.push(line))
    const own = Object.getOwnPropertyDescriptor(globalThis, 'navigator')
    Object.defineProperty(globalThis, 'navigator', {
      configurable: true,
      value: { userAgent: 'Cloudflare-Workers' }
    })
    try {
      await ring(fetchUser, { store: failing('get') })(1)()
      expect(said).toEqual([
        expect.stringMatching(/^\[FP_RING_FAULT\] fp-ring: ring 'fetchUser:': get failed/)
      ])
    } finally {
      if (own === undefined) Reflect.deleteProperty(globalThis, 'navigator')
      else Object.defineProperty(globalThis, 'navigator', own)
      spy.mockRestore()
    }
  })

  test('by Node, for one code or for all', async () => {
    const directory = freshFolder('warnings')
    try {
      const program = join(directory, 'program.js')
      const outfile = join(directory, 'program.cjs')
      writeFileSync(
        program,
        `import { dict, ring, Store } from 'fp-ring'
         const down = (operation, task) => operation === 'get' ? async () => { throw new Error('${secret}') } : task
         const store = Store.around(down)(dict())
         const make = (a) => { const fetchUser = () => async () => ({ _tag: 'Right', right: a }); return ring(fetchUser, { store }) }
         make(1)()(); make(2)()()`
      )
      const alias = { 'fp-ring': resolve(__dirname, '../../src/index.ts') }
      await build({
        entryPoints: [program],
        outfile,
        bundle: true,
        platform: 'node',
        format: 'cjs',
        alias,
        nodePaths: [packages]
      })
      const run = async (...flags: ReadonlyArray<string>): Promise<ReadonlyArray<string>> => {
        const { stderr } = await promisify(execFile)(process.execPath, [...flags, outfile])
        expect(stderr).not.toContain('SECRET')
        return Array.from(
          stderr.matchAll(/\[(FP_RING_\w+)\] FpRingWarning/g),
          ([, code]) => code ?? ''
        ).sort()
      }
      expect(await run()).toEqual(['FP_RING_FAULT', 'FP_RING_FAULT', 'FP_RING_SHARED_NAME'])
      expect(await run('--disable-warning=FP_RING_FAULT')).toEqual(['FP_RING_SHARED_NAME'])
      expect(await run('--disable-warning=FP_RING_SHARED_NAME')).toEqual(['FP_RING_FAULT', 'FP_RING_FAULT'])
      expect(await run('--disable-warning=FpRingWarning')).toEqual([])
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  })
})

describe('an observer', () => {
  const answers: Readonly<Record<string, (note: () => void) => unknown>> = {
    nothing: (note) => note(),
    'an IO': (note) => note,
    'a promise': async (note) => note(),
    'an IO of a promise': (note) => async () => note(),
    'something else': (note) => (note(), 42)
  }
  test.each(Object.entries(answers))('may return %s, and is told each event once', async (_, answer) => {
    const tags: Array<string> = []
    const user = ring(fetchUser, { store: dict(), observe: (event) => answer(() => tags.push(event._tag)) })
    await user(1)()
    await user(1)()
    expect(tags).toEqual(['Miss', 'Load', 'Store', 'Hit'])
    expect(all()).toEqual([])
  })

  const failures: Readonly<Record<string, () => unknown>> = {
    throws: () => {
      throw new DriverError(secret)
    },
    'returns an IO that throws': () => () => {
      throw new DriverError(secret)
    },
    'returns a promise that is rejected': () => Promise.reject(new DriverError(secret)),
    'returns a thenable whose then throws': () => ({
      then: () => {
        throw new DriverError(secret)
      }
    })
  }
  test.each(Object.entries(failures))('that %s changes nothing, and is a warning', async (_, observe) => {
    const user = ring(fetchUser, { store: dict(), observe })
    for (let i = 0; i < 3; i++) expect(await user(1)()).toEqual(E.right('SECRET 1'))
    await settled()
    expect(of('FP_RING_OBSERVER')).toEqual([
      expect.stringMatching(/ring 'fetchUser:': its observer failed with DriverError ECONNREFUSED/)
    ])
    expect(all()).toHaveLength(1)
    expect(all()[0]?.message).not.toContain('SECRET')
    const silent = ring(fetchUser, { store: dict(), observe, warnings: false, name: 'silent' })
    await silent(1)()
    expect(all()).toHaveLength(1)
  })
})

describe('explain says why nothing is stored', () => {
  let time = 0
  const clock: Clock.Clock = { now: () => time }
  const whyOf = async (
    user: { readonly explain: (id: number) => TE.TaskEither<unknown, object> },
    id = 1
  ) => {
    const answer = await user.explain(id)()
    return E.isRight(answer) && 'unstored' in answer.right ? answer.right.unstored : undefined
  }

  test.each([
    [
      'the store failed',
      { store: failing('set') },
      'set',
      'set failed with a StoreError (failed), caused by DriverError ECONNREFUSED'
    ],
    ['the value is too large', { store: tooLarge() }, 'set', 'set failed with a StoreError (refused)'],
    [
      'the lease was not to be had',
      { store: failing('acquire'), policy: Policy.lease() },
      'acquire',
      'acquire failed with a StoreError (failed), caused by DriverError ECONNREFUSED'
    ],
    [
      'the lease was lost',
      { store: failing('commit'), policy: Policy.lease() },
      'commit',
      'commit failed with a StoreError (failed), caused by DriverError ECONNREFUSED'
    ],
    [
      'the codec refused',
      { store: dict<Uint8Array>(), codec: refusing() },
      'encode',
      'encode failed with an EncodeError'
    ],
    [
      'the policy does not want it',
      { store: dict(), policy: Policy.cacheWhen(() => false) },
      'policy',
      /does not store/
    ],
    [
      'its lifetime is nothing',
      { store: dict(), policy: Policy.ttl(Duration.zero) },
      'policy',
      /does not store/
    ]
  ] as ReadonlyArray<readonly [string, object, string, string | RegExp]>)(
    '%s',
    async (_, config, at, message) => {
      time = 0
      const user = made({ ...config, clock, warnings: false })
      expect(await whyOf(user)).toBeUndefined()
      await user(1)()
      await settled()
      time = 1_000
      expect(await whyOf(user)).toEqual({
        at,
        message: typeof message === 'string' ? message : expect.stringMatching(message),
        ago: 1_000
      })
      expect(await whyOf(user, 2)).toBeUndefined()
      time = 599_999
      expect(await whyOf(user)).toBeDefined()
      time = 600_000
      expect(await whyOf(user)).toBeUndefined()
    }
  )
  /** By options of any kind. */
  const made = (config: object) => ring(fetchUser, { store: dict(), ...config })

  test('a set that failed, of all its keys, until one is stored or deleted', async () => {
    let fails = true
    const store = Store.around((operation, task) =>
      fails && operation === 'setMany' ? down(operation) : task
    )(dict<string>())
    const user = ring(fetchUser, { store, observe: () => undefined })
    await user.setMany([
      [[1], 'a'],
      [[2], 'b'],
      [[3], 'c']
    ])()
    expect(
      (await Promise.all([1, 2, 3].map((id) => whyOf(user, id)))).map((why) => why !== undefined)
    ).toEqual([true, true, true])
    fails = false
    await user(1)()
    await settled()
    await user.delete(2)()
    await user.delete(1)()
    expect(
      (await Promise.all([1, 2, 3].map((id) => whyOf(user, id)))).map((why) => why !== undefined)
    ).toEqual([false, false, true])
  })

  test('what was deleted while it was loaded, and what cannot be read', async () => {
    const store = dict<Uint8Array>()
    const user = ring(fetchUser, { store, codec: Codec.json(t.string), observe: () => undefined })
    const loading = user(1)()
    await Promise.resolve()
    await Promise.resolve()
    await user.delete(1)()
    await loading
    await settled()
    await store.set('fetchUser:2', Buffer.from('{'), Duration.minutes(1))()
    expect(await whyOf(user, 2)).toMatchObject({ at: 'decode', ago: 0 })
    const slow = ring(
      (id: number): TE.TaskEither<never, number> =>
        () =>
          new Promise((resolve) => setTimeout(() => resolve(E.right(id)), 20)),
      { store: dict(), name: 'slow' }
    )
    const running = slow(1)()
    await settled()
    await slow.delete(1)()
    await running
    await settled()
    expect(await whyOf(slow)).toMatchObject({ at: 'discard' })
  })

  test('what is there is not explained, and nothing else is: it is as it was', async () => {
    const user = ring(fetchUser, { store: dict({ clock }), clock })
    await user(1)()
    expect(await user.explain(1)()).toEqual(
      E.right({
        key: 'fetchUser:1',
        verdict: 'fresh',
        holds: 'value',
        remaining: O.some(60_000),
        serve: 'entry',
        load: 'none'
      })
    )
  })

  test('of the last thousand keys at least, and no value is kept alive', async () => {
    const user = ring(fetchUser, { store: failing('set', 'setMany'), warnings: false })
    const ids = Array.from({ length: 3_000 }, (_, id) => id)
    await user.setMany(ids.map((id) => [[id], 'x'] as const))()
    const known = await Promise.all(ids.map((id) => whyOf(user, id)))
    expect(known.slice(2_000).every((why) => why !== undefined)).toBe(true)
    expect(known.filter((why) => why !== undefined).length).toBeLessThanOrEqual(2_000)
  })
})

function tooLarge(): Store.Store<unknown> {
  return Store.around((operation, task) =>
    operation === 'set'
      ? TE.left(new RingError.StoreError('set', 'refused', 'the value is larger than the store'))
      : task
  )(dict())
}
function refusing(): Codec.Codec<string, Uint8Array> {
  return { ...Codec.json(t.string), encode: () => E.left(new RingError.EncodeError('no')) }
}

describe('what is printed', () => {
  test('is one line of bounded length, whatever a name holds', () => {
    warn('FP_RING_FAULT', `a\nb\u001b[31m\u2028${'x'.repeat(5_000)}`)
    const [said] = faults()
    expect(said).toMatch(/^fp-ring: a\\u000ab\\u001b\[31m\\u2028x+…$/)
    expect(said).toHaveLength(1_000)
  })

  test('is twenty lines a minute of all rings together, then how many were left out', () => {
    let now = 0
    const quota = makeQuota(() => now)
    const taken = Array.from({ length: 30 }, () => quota.take())
    expect(taken).toStrictEqual([...Array<number>(20).fill(0), ...Array<undefined>(10).fill(undefined)])
    now = 59_999
    expect(quota.take()).toBeUndefined()
    now = 60_000
    expect([quota.take(), quota.take()]).toStrictEqual([11, 0])
  })

  test('is left out by the process, not by the ring', async () => {
    for (let i = 0; i < 25; i++) await ring(fetchUser, { store: failing('get'), name: `user${i}` })(1)()
    expect(faults()).toHaveLength(20)
  })

  test('of what was thrown is its class above the error, and a code that Node may have given', async () => {
    const thrown = [
      Object.assign(new Error(secret), { code: 'SECRET_TOKEN_9' }),
      Object.assign(new Error(secret), { code: 'ERR_SOCKET_CLOSED' }),
      Object.assign(new Error(secret), { constructor: { name: 'SECRET' } }),
      { name: 'SECRET', code: 'ECONNREFUSED', constructor: { name: 'SECRET' } }
    ]
    for (const [i, cause] of thrown.entries())
      await ring(fetchUser, {
        name: `thrown${i}`,
        store: {
          ...dict(),
          get: (): never => {
            throw cause
          }
        }
      })(1)()
    expect(faults().map((said) => / caused by (.*?)\. /.exec(said)?.[1])).toStrictEqual([
      'Error',
      'Error ERR_SOCKET_CLOSED',
      'Error',
      'an object'
    ])
  })
})

describe('why an entry is missing', () => {
  test('is said without a message of a third party, and forgotten when all is cleared', async () => {
    const refusing: Store.Store<unknown> = {
      ...dict(),
      set: () => TE.left(new RingError.StoreError('set', 'refused', `${secret} is full`))
    }
    const user = ring(fetchUser, { store: refusing, name: 'user' })
    await user(1)()
    const explained = async (): Promise<string | undefined> => {
      const got = await user.explain(1)()
      return E.isRight(got) ? got.right.unstored?.message : undefined
    }
    expect(await explained()).toBe('set failed with a StoreError (refused)')
    await user.clear()()
    expect(await explained()).toBeUndefined()
  })
})
