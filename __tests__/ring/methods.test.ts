/** Methods and properties: a ring whose first argument is the receiver, bound to one. */
import { inspect } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { describe, expect, jest, test } from '@jest/globals'
import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'

import { Codec, dict, Duration, Policy, Ring, ring, ringKey } from '../../src'
import { runs } from '../runs'

const right = <A>(answer: E.Either<unknown, A>): A => {
  if (E.isLeft(answer)) throw answer.left
  return answer.right
}

/** The example of the original's quick start, with the pages that are to be had. */
const web = () => {
  const requests: Array<string> = []
  const request = (url: string): TE.TaskEither<Error, string> => {
    return async () => {
      requests.push(url)
      return E.right(`<html>${url}</html>`)
    }
  }
  const store = dict()
  const contentRing = ring((page: Page) => page.request(), { store, name: 'Page.content' })
  const classContentRing = ring((of: typeof Page) => TE.right(of.baseContent), {
    store,
    name: 'Page.classContent'
  })
  const exampleRing = ring(() => request('http://example.com'), { store, name: 'Page.exampleDotCom' })
  const wordRing = ring((page: Page, word: string, times?: number) => page.count(word, times), {
    store,
    name: 'Page.count'
  })
  class Page {
    static readonly baseContent: string = '<html></html>'
    static readonly exampleDotCom = exampleRing
    static get classContent() {
      return pipe(classContentRing, Ring.bind(this))
    }
    static [ringKey](): string {
      return this.name
    }
    readonly #secret = 'private'
    constructor(readonly url: string) {}
    [ringKey](): string {
      return `page=${this.url}`
    }
    get content() {
      return pipe(contentRing, Ring.bind(this))
    }
    readonly counted = pipe(wordRing, Ring.bind(this))
    request(): TE.TaskEither<Error, string> {
      return request(this.url)
    }
    count(word: string, times = 1): TE.TaskEither<never, number> {
      return TE.right(this.#secret.length + word.length * times)
    }
  }
  return { Page, contentRing, requests, store, wordRing }
}

describe("the original's page", () => {
  test('a static method', async () => {
    const { Page, requests } = web()
    expect(right(await Page.exampleDotCom()())).toBe('<html>http://example.com</html>')
    expect(right(await Page.exampleDotCom()())).toBe('<html>http://example.com</html>')
    expect(requests).toEqual(['http://example.com'])
    expect(Page.exampleDotCom.key()).toMatch(/^Page\.exampleDotCom:/)
  })

  test('a class method: the key has the name of the class, a subclass its own', async () => {
    const { Page } = web()
    class Child extends Page {
      static override readonly baseContent = '<html>child</html>'
    }
    expect(right(await Page.classContent()())).toBe('<html></html>')
    expect(right(await Child.classContent()())).toBe('<html>child</html>')
    expect(Page.classContent.key()).toBe('Page.classContent:<Page>')
    expect(Child.classContent.key()).toBe('Page.classContent:<Child>')
    right(await Child.classContent.delete()())
    expect(right(await Page.classContent.has()())).toBe(true)
    expect(right(await Child.classContent.has()())).toBe(false)
  })

  test('a property, and every command of it', async () => {
    const { Page, requests } = web()
    const page = new Page('http://example.com')
    expect(page.content.key()).toBe('Page.content:<page%3Dhttp%3A//example.com>')
    expect(right(await page.content.get()())).toEqual(O.none)
    const value = right(await page.content()())
    expect(right(await page.content.get()())).toEqual(O.some(value))
    expect(right(await page.content.execute()())).toBe(value)
    expect(right(await page.content.update()())).toBe(value)
    expect(requests).toHaveLength(3)
    right(await page.content.set('mine')()())
    expect(right(await page.content()())).toBe('mine')
    expect(right(await page.content.touch()())).toBe(true)
    right(await page.content.delete()())
    expect(right(await page.content.has()())).toBe(false)
    expect(new Page('http://example.com').content.key()).toBe(page.content.key())
  })

  test('a method with arguments, with a private field, as a field', async () => {
    const { Page } = web()
    const page = new Page('x')
    expect(right(await page.counted('ring', 2)())).toBe(15)
    expect(right(await page.counted('ring')())).toBe(11)
    expect(page.counted.key('ring', 2)).toBe("Page.count:<page%3Dx>,'ring',2")
    expect(right(await page.counted.getMany([['ring', 2], ['ring'], ['other']])())).toEqual([
      O.some(15),
      O.some(11),
      O.none
    ])
    right(await page.counted.setMany([[['other'], 1]])())
    expect(right(await new Page('x').counted('other')())).toBe(1)
    expect(right(await new Page('y').counted('other')())).toBe(12)
    expect(right(await page.counted.getOrUpdateMany([['other'], ['more']])())).toEqual([
      E.right(1),
      E.right(11)
    ])
    expect(page.counted.keyMany([['a']])).toEqual([page.counted.key('a')])
    right(await page.counted.deleteMany([['other']])())
    expect(right(await page.counted.hasMany([['other'], ['more']])())).toEqual([false, true])
    expect(right(await page.counted.explain('more')())).toMatchObject({ holds: 'value' })
    right(await page.counted.clear()())
    expect(right(await page.counted.hasMany([['other'], ['more']])())).toEqual([false, false])
  })

  test('a receiver that says nothing of itself is a KeyError', async () => {
    const silent = ring((self: object) => TE.right(typeof self), { store: dict(), name: 'silent' })
    class Silent {
      readonly #field = 1
      get it() {
        return pipe(silent, Ring.bind(this))
      }
      touch(): number {
        return this.#field
      }
    }
    expect(await new Silent().it.get()()).toMatchObject({ left: { _tag: 'KeyError' } })
  })
})

// -------------------------------------------------------------------------------------
// laws
// -------------------------------------------------------------------------------------

describe('laws', () => {
  test('bound rings share loads under way, and events, with their ring', async () => {
    const events: Array<string> = []
    const going: Array<() => void> = []
    const cached = ring(
      (self: { readonly id: number }, n: number): TE.TaskEither<string, number> =>
        () =>
          new Promise((resolve) => going.push(() => resolve(E.right(self.id * 100 + n)))),
      {
        store: dict(),
        key: (self, n) => `${String(self.id)}/${String(n)}`,
        observe: (event) => () => void events.push(`${event._tag} ${event.key}`)
      }
    )
    const one = pipe(cached, Ring.bind({ id: 1 }))
    const again = pipe(cached, Ring.bind({ id: 1 }))
    const answers = [one(2)(), again(2)(), cached({ id: 1 }, 2)()]
    while (going.length === 0) await new Promise(setImmediate)
    await new Promise(setImmediate)
    expect(going).toHaveLength(1)
    going.forEach((go) => go())
    expect(await Promise.all(answers)).toEqual([E.right(102), E.right(102), E.right(102)])
    expect(events.filter((event) => event === 'Store 1/2')).toHaveLength(1)
    expect(events.filter((event) => event === 'Miss 1/2')).toHaveLength(3)
    expect(one.store).toBe(cached.store)
  })

  test('bind(self) is contramap of the receiver, and bind of bind is bind of both', () =>
    fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(), fc.nat(), async (a, b, c) => {
        const sum = ring((x: number, y: number, z: number) => TE.right(x * 10_000 + y * 100 + z), {
          store: dict(),
          name: 'sum'
        })
        const bound = pipe(sum, Ring.bind(a))
        const mapped = pipe(
          sum,
          Ring.contramap((y: number, z: number) => [a, y, z])
        )
        const twice = pipe(bound, Ring.bind(b))
        expect(await bound(b, c)()).toEqual(await sum(a, b, c)())
        expect(bound.key(b, c)).toBe(sum.key(a, b, c))
        expect(await mapped.get(b, c)()).toEqual(await bound.get(b, c)())
        expect(mapped.keyMany([[b, c]])).toEqual(bound.keyMany([[b, c]]))
        expect(await twice.get(c)()).toEqual(await bound.get(b, c)())
        expect(await twice(c)()).toEqual(await sum(a, b, c)())
        const composed = pipe(
          sum,
          Ring.contramap((x: number, y: number) => [x, y, 0]),
          Ring.contramap((x: number) => [x, x])
        )
        const at = pipe(
          sum,
          Ring.contramap((x: number) => [x, x, 0])
        )
        expect(composed.key(a)).toBe(at.key(a))
        expect(await composed(a)()).toEqual(await at(a)())
      }),
      { numRuns: runs(100) }
    ))

  test('every member of a ring is one of a bound ring, in any order, taken off or not', async () => {
    const cached = ring((self: number, n: number) => TE.right(self + n), {
      store: dict<Uint8Array>(),
      codec: Codec.identity<Uint8Array>() as never,
      name: 'all',
      commands: (_, base) => ({
        name: (self: number) => base.key(self, 0),
        length: 7,
        twice: (self: number, n: number) => base.execute(self, 2 * n)
      })
    })
    const bound = pipe(cached, Ring.bind(1))
    for (const member of Object.keys(cached)) expect(member in bound).toBe(true)
    const { key, store, twice } = bound
    expect(key(2)).toBe(cached.key(1, 2))
    expect(store).toBe(cached.store)
    expect(right(await twice(4)())).toBe(9)
    expect(bound.name()).toBe(cached.key(1, 0))
    expect(bound.length as unknown).toBe(7)
    expect(bound.key).toBe(key)
    expect(typeof bound).toBe('function')
    expect(bound.call(undefined, 3)).toBeInstanceOf(Function)
  })

  test('bound rings are objects that can be frozen, printed, spied on and asked by their prototype', async () => {
    const cached = ring((self: number, n: number) => TE.right(self + n), { store: dict(), name: 'object' })
    const frozen = Object.freeze(pipe(cached, Ring.bind(1)))
    expect(right(await frozen.get(2)())).toEqual(O.none)
    const bound = pipe(cached, Ring.bind(1))
    expect(inspect(bound, { getters: true })).not.toContain('threw')
    expect((Object.getPrototypeOf(bound) as typeof bound).get).toBeUndefined()
    const spy = jest.spyOn(bound, 'delete')
    right(await bound.delete(2)())
    expect(spy).toHaveBeenCalledWith(2)
    const whole = jest.spyOn(cached, 'delete')
    right(await cached.delete(1, 2)())
    expect(whole).toHaveBeenCalledWith(1, 2)
  })

  test('binding what is bound costs no more', () => {
    const sum = ring((x: number, y: number, z: number) => TE.right(x + y + z), { store: dict(), name: 'sum' })
    const once = pipe(sum, Ring.bind(1))
    const twice = pipe(once, Ring.bind(2))
    expect(Object.getPrototypeOf(twice)).toBe(Object.getPrototypeOf(once))
    expect(twice.key(3)).toBe(sum.key(1, 2, 3))
  })

  test('names that a ring has already are no commands', () => {
    for (const name of ['store', 'codec', '__proto__']) {
      const own = Object.defineProperty({}, name, { value: () => 1, enumerable: true })
      expect(() =>
        ring((n: number) => TE.right(n), { store: dict(), name: 'n', commands: () => own })
      ).toThrow(`a command cannot be called '${name}'`)
    }
    expect(() =>
      ring((n: number) => TE.right(n), { store: dict(), name: 'n', default: 'toString' as never })
    ).toThrow("there is no command 'toString'")
  })

  test('another command may be the default', async () => {
    const cached = ring((self: number, n: number) => TE.right(self + n), {
      store: dict(),
      name: 'default',
      default: 'get'
    })
    const bound = pipe(cached, Ring.bind(1))
    expect(right(await bound(2)())).toEqual(O.none)
    right(await bound.update(2)())
    expect(right(await bound(2)())).toEqual(O.some(3))
  })

  test('a ring over bound rings needs a name, as two receivers would meet in one', () => {
    const cached = ring((self: number, n: number) => TE.right(self + n), { store: dict(), name: 'inner' })
    expect(() => ring(pipe(cached, Ring.bind(1)), { store: dict() })).toThrow('a ring needs a name')
    const outer = ring(pipe(cached, Ring.bind(1)), { store: dict(), name: 'outer' })
    expect(outer.key(2)).toBe('outer:2')
  })

  test('stale entries are refreshed for the receiver that asked', async () => {
    let now = 0
    const clock = { now: () => now }
    const loads: Array<number> = []
    const cached = ring(
      (self: { readonly id: number }) =>
        TE.fromIO(() => {
          loads.push(self.id)
          return self.id
        }),
      {
        store: dict({ clock }),
        clock,
        key: (self) => String(self.id),
        policy: Policy.policy(
          Policy.ttl(Duration.seconds(1)),
          Policy.staleWhileRevalidate(Duration.seconds(10))
        )
      }
    )
    const one = pipe(cached, Ring.bind({ id: 1 }))
    right(await one()())
    now = 2_000
    expect(right(await one()())).toBe(1)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(loads).toEqual([1, 1])
  })
})

// -------------------------------------------------------------------------------------
// memory
// -------------------------------------------------------------------------------------

setFlagsFromString('--expose-gc')
// SAFETY: the flag makes it a global of new contexts
const collect = runInNewContext('gc') as () => void

test('a ring keeps no receiver alive, with entries in the cache and loads that have ended', async () => {
  const { Page } = web()
  const registered: Array<WeakRef<object>> = []
  for (let i = 0; i < 50; i++) {
    const page = new Page(`http://example.com/${String(i)}`)
    registered.push(new WeakRef(page))
    right(await page.content()())
    right(await page.counted('word')())
    right(await page.content.update()())
  }
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 5))
    collect()
  }
  // what a register still holds
  expect(registered.filter((ref) => ref.deref() !== undefined).length).toBeLessThanOrEqual(1)
})
