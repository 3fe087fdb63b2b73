/**
 * What the compiler says of the common mistakes: a sentence that says what to do. Of each the last line is kept, which is the
 * one that an editor shows at the mistake, and how long the whole is.
 */
import * as path from 'node:path'

import { beforeAll, describe, expect, it } from '@jest/globals'
import ts from 'typescript'

import { root } from '../../scripts/docs/blocks'

const prelude = `
import { pipe } from 'fp-ts/function'
import type * as RTE from 'fp-ts/ReaderTaskEither'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { createClient } from 'redis'
import { Codec, dict, Duration, fromPromiseFunction, invalidates, invalidatesReader, KeyFn, Policy, Ring, ring, ringReader } from 'fp-ring'
import { lru } from 'fp-ring/lru'
import { redis } from 'fp-ring/redis'

const User = t.type({ id: t.number })
const json = Codec.json(User)
class Session { constructor(readonly id: number) {} close() {} }
const client = createClient()
const find = (id: number): TE.TaskEither<Error, { id: number }> => TE.right({ id })
const findAsync = async (id: number) => ({ id })
const bySession = (s: Session): TE.TaskEither<Error, number> => TE.right(s.id)
const generic = <T>(x: T): TE.TaskEither<Error, T> => TE.right(x)
function overloaded(a: number): TE.TaskEither<never, number>
function overloaded(a: string): TE.TaskEither<never, string>
function overloaded(a: number | string): TE.TaskEither<never, never> { return TE.right(a as never) }
function receiving(this: Session): TE.TaskEither<never, number> { return TE.right(this.id) }
const hovered = ring(find, { store: dict(), policy: Policy.ttl(Duration.minutes(1)) })
const reader = <T>(x: T): RTE.ReaderTaskEither<{}, Error, T> => () => TE.right(x)
function readers(a: number): RTE.ReaderTaskEither<{}, Error, number>
function readers(a: string): RTE.ReaderTaskEither<{}, Error, string>
function readers(a: number | string): RTE.ReaderTaskEither<{}, Error, never> { return () => TE.right(a as never) }
function reading(this: Session, a: number): RTE.ReaderTaskEither<{}, Error, number> { return () => TE.right(a) }
interface Env { readonly tenant: string }
const inEnv = (a: number): RTE.ReaderTaskEither<Env, Error, number> => () => TE.right(a)
const ofUnion = (a: number) =>
  a > 1 ? (_: Env) => TE.right<Error, number>(1) : (_: Env) => TE.left<string, number>('x')
const rest = (...ids: ReadonlyArray<number>): TE.TaskEither<Error, number> => TE.right(ids.length)
const restInEnv = (...ids: ReadonlyArray<number>): RTE.ReaderTaskEither<Env, Error, number> => () => TE.right(ids.length)
const anything: any = find
interface Schema { parse(u: unknown): unknown; safeParse(u: unknown): unknown; encode(u: unknown): unknown; decode(u: unknown): unknown; _def: {} }
const schema = {} as Schema
const letters = Codec.json(t.union([t.literal('a'), t.literal('b')]))
const shared = { store: dict(), key: () => 'one' }
const spread = { ...User, encode: json.encode, decode: json.decode }
const callable = Object.assign(() => 'called', dict())
`

const promise = 'this function returns a Promise: use fromPromiseFunction(f, onRejected)'
const bytes =
  'the codec makes other values than the store holds: a codec that makes bytes needs a store of bytes, as dict<Uint8Array>() or lru<Uint8Array>({ max })'
const key = 'these arguments have no default key: give `key`, or give their class a [ringKey]()'
const type = 'a type of io-ts is no codec: make one, as Codec.json(type)'
const store =
  'this is no store: make one, as redis(client), memcached(client), sqlite(database), dict({ map })'
const codec = 'this store holds other values than the function brings: give a codec, as Codec.json(type)'
const whole =
  'this function is generic or overloaded, which its ring could not be: give a function with one signature, as (id: number) => f(id)'
const noThis =
  'this function declares `this`, which its ring could not pass on: take the object as the first argument, and see Ring.bind'
const wholeChange =
  'this function is generic or overloaded, and would lose that here: give a function with one signature, as (id: number) => f(id)'
const noThisChange =
  'this function declares `this`, which is not passed on here: give a function that does not, as (id: number) => object.f(id)'
const any = 'this function is of type any, so nothing is known of it: give it a type, as (id: number) => '
// nothing but `never` refuses it, and where the function stands alone there is no place for a sentence
const nothing = "type 'never'"
const ownInRecord =
  'each ring of a record has its own: the name is that of its property; for the rest use ring or Ring.using'
const ownInUsing = 'each ring has its own: give it after the function, as using(common)(fn, { key })'
const notCalled =
  'this is a function that makes a store, and no store: call it, as dict() or lru({ max: 1000 })'
const noSchema =
  'a schema is no codec: make one of an io-ts type, as Codec.json(type), or write its `encode` and `decode`'
const noOptions = 'these are no options: write ring(fn, { store, codec, policy })'

const option = 'ring has no option of this name'

/** A mistake, and the sentence that it is met with. */
const mistakes: ReadonlyArray<readonly [code: string, sentence: string]> = [
  ['ring(findAsync, { store: dict() })', promise],
  ['pipe(findAsync, ring(dict()))', promise],
  ["ring(async (id: number) => id, { store: dict(), name: 'f' })", promise],
  ['Ring.using({ store: dict() })(findAsync)', promise],
  ['Ring.record({ store: dict() })({ findAsync })', promise],
  ['ring(find, { store: lru({ max: 10 }), codec: json })', bytes],
  ['pipe(find, ring(lru({ max: 10 }), json))', bytes],
  ['ring(find, { store: dict<string>(), codec: json })', bytes],
  ['ring(bySession, { store: dict() })', key],
  ['pipe(bySession, ring(dict()))', key],
  ['pipe(bySession, ring(dict<Uint8Array>(), Codec.json(t.number)))', key],
  ['Ring.record({ store: dict() })({ bySession })', key],
  ['ring(find, { store: dict<Uint8Array>(), codec: User })', type],
  ['pipe(find, ring(dict<Uint8Array>(), User))', type],
  ['ring(find, { store: client })', store],
  ['ring(find, { store: client, codec: json })', store],
  ['ring(find, { store: new Map<string, unknown>() })', store],
  ['pipe(find, ring(client, json))', store],
  ['ring(find, { store: redis(client) })', codec],
  ['pipe(find, ring(redis(client)))', codec],
  ["ring(generic, { store: dict(), name: 'f' })", whole],
  ['pipe(generic, ring(dict()))', whole],
  ['ring(overloaded, { store: dict() })', whole],
  ['pipe(overloaded, ring(dict()))', whole],
  ['Ring.using({ store: dict() })(overloaded)', whole],
  ["ringReader(reader, { store: dict(), keyEnv: 'none' })", whole],
  ['pipe(reader, ringReader(dict(), { keyEnv: "none" }))', whole],
  ['pipe(readers, ringReader(dict(), { keyEnv: "none" }))', whole],
  ['pipe(readers, ringReader(dict<Uint8Array>(), Codec.json(t.string), { keyEnv: "none" }))', whole],
  ['pipe(generic, invalidates(() => [TE.right(1)]))', wholeChange],
  ['invalidates(() => [TE.right(1)])(overloaded)', wholeChange],
  ['pipe(reader, invalidatesReader(() => [TE.right(1)]))', wholeChange],
  ['pipe(readers, invalidatesReader(() => [TE.right(1)]))', wholeChange],
  ['invalidatesReader(() => [TE.right(1)])(readers)', wholeChange],
  ['ring(receiving, { store: dict() })', noThis],
  ['pipe(receiving, ring(dict()))', noThis],
  ['pipe(reading, ringReader(dict(), { keyEnv: "none" }))', noThis],
  ['pipe(receiving, invalidates(() => [TE.right(1)]))', noThisChange],
  ['pipe(reading, invalidatesReader(() => [TE.right(1)]))', noThisChange],
  ['invalidatesReader(() => [TE.right(1)])(reading)', noThisChange],
  ['pipe(inEnv, ringReader(dict<Uint8Array>(), { keyEnv: "none" }))', codec],
  ['ring(anything, { store: dict() })', any],
  ['pipe(anything, ring(dict()))', nothing],
  ['ringReader(anything, { store: dict(), keyEnv: "none" })', any],
  ['Ring.record({ store: dict() })({ anything })', nothing],
  ['Ring.using({ store: dict() })(anything)', nothing],
  ['pipe(anything, invalidates(() => [TE.right(1)]))', nothing],
  ['pipe(anything, invalidatesReader(() => [TE.right(1)]))', nothing],
  ['pipe(anything, ringReader(dict(), { keyEnv: "none" }))', nothing],
  ['Ring.record({ store: dict(), key: () => "one" })({ find })', ownInRecord],
  ['Ring.record({ store: dict(), name: "one" })({ find })', ownInRecord],
  ['Ring.record(shared)({ find })', ownInRecord],
  ['Ring.using({ store: dict(), key: () => "one" })(find)', ownInUsing],
  ['Ring.using(shared)(find)', ownInUsing],
  ['ring(find, { store: dict })', notCalled],
  ['ring(find, { store: lru, codec: json })', notCalled],
  ['ring(find, { store: dict<Uint8Array>(), codec: schema })', noSchema],
  ['ring(dict<Uint8Array>(), schema)', noSchema],
  ['ring(find, Policy.strict)', noOptions],
  ['ring(find, dict())', noOptions],
  ['ring(dict(), 5)', 'after a store come a codec, a policy or options'],
  ['ring(dict(), find)', 'the function comes first, as ring(fn, { store }), or last, as ring(store)(fn)'],
  ['ring(dict(), dict())', 'two are one by Store.tiered({ near, far })'],
  ['ring(dict(), [Policy.strict])', 'several policies are one, as Policy.policy(a, b)'],
  [
    'ring(dict(), { polices: Policy.strict })',
    'ring has no option of this name: it has store, codec, policy'
  ],
  [
    'ring(dict(), { ttl: Duration.minutes(5) })',
    'it is a policy, as policy: Policy.ttl(Duration.minutes(5))'
  ],
  ['ring(find, { store: dict(), max: 10 })', 'ring has no option of this name: it is one of the store'],
  ['ring(dict<Uint8Array>(), json, 5)', 'after a codec comes one policy'],
  ['ring(dict<Uint8Array>(), json, [Policy.strict, Policy.strict])', 'several policies are one'],
  [
    'ring(callable as unknown as Omit<typeof callable, "leases">, Policy.lease())',
    'the policy needs a store that can do more (a lease needs one with leases)'
  ],
  [
    'ring((id: number) => () => Promise.resolve(id), { store: dict() })',
    'this function returns a Task that is no TaskEither: use fromTaskFunction(f)'
  ],
  [
    'ring((id: number) => (() => TE.right(id)), { store: dict() })',
    'this function returns a ReaderTaskEither: use ringReader'
  ],
  [
    'pipe(find, ring(dict(), Policy.cacheWhen((name: string) => name.length > 0)))',
    'the policy or the codec is for other values than those of this function'
  ],
  [
    'ring(find, { store: dict<Uint8Array>(), codec: Codec.json(t.string) })',
    'the codec is for other values than the function brings'
  ],
  ["ring(find, { store: dict(), naem: 'x' })", option],
  ['ring(find, { store: dict(), ttl: Duration.minutes(5) })', option],
  ["const o: Ring.Of<typeof find> = ring(find, { store: dict(), naem: 'x' })", option]
]

/** What is right, and must stay so. */
const right: ReadonlyArray<string> = [
  'const a: [id: number] = null as unknown as Parameters<typeof r>; const r = ring(find, { store: dict() })',
  'ring(<T extends string>(x: T): TE.TaskEither<Error, number> => TE.right(x.length), { store: dict(), name: "f" })',
  'ring(function (this: void, id: number) { return TE.right(id) }, { store: dict(), name: "f" })',
  'ring(Object.assign((id: number) => TE.right(id), { label: "f" }), { store: dict(), name: "f" })',
  'Ring.record({ store: dict() })({ rest }).rest(1, 2)',
  'ring(rest, { store: dict(), key: (...ids) => ids.join() })(1, 2)',
  'Ring.using({ store: dict() })(rest, { tags: (...ids) => ids.map(String) })(1, 2)',
  'pipe(rest, invalidates((_, ...ids) => ids.map((id) => TE.right(id.toFixed()))))(1, 2)',
  'pipe(restInEnv, invalidatesReader((_, ...ids) => ids.map((id) => TE.right(id.toFixed()))))(1, 2)',
  'ringReader(restInEnv, { store: dict(), keyEnv: "none", key: (...ids) => ids.join() })(1, 2)',
  'pipe(restInEnv, ringReader(dict(), { keyEnv: "none", key: (...ids) => ids.join() }))(1, 2)',
  'const r: Ring.Of<typeof rest> = ring(rest, { store: dict() }); r(1, 2)',
  'pipe(ofUnion, ringReader(dict(), { keyEnv: (env) => env.tenant }))(1)({ tenant: "a" })',
  'pipe(ofUnion, ringReader(dict<Uint8Array>(), Codec.json(t.number), { keyEnv: (env) => env.tenant }))(1)',
  'ringReader(dict(), { keyEnv: (env: Env) => env.tenant, key: (a: number) => a.toFixed() })(inEnv)(1)',
  'const ab = ring(dict<Uint8Array>(), letters)((id: number) => TE.right("a")); ab.get(1)',
  'const ab = ring(dict<Uint8Array>(), letters)((id: number) => TE.left(new Error("no")))',
  'const ab: TE.TaskEither<never, "a" | "b"> = ring(dict<Uint8Array>(), letters)((id: number) => TE.right("a"))(1)',
  'pipe(find, ring(dict<Uint8Array>(), json, { key: (id) => id.toFixed(), tags: (id) => [id.toFixed()] }))',
  'ring(find, { store: dict<Uint8Array>(), codec: spread })',
  'pipe(find, ring(dict<Uint8Array>(), spread))(1)',
  'ring(find, { store: callable })(1)',
  'pipe(find, ring(callable, Policy.strict))(1)',
  'const h = <E, A>(f: (id: number) => TE.TaskEither<E, A>, c: Codec.Codec<A, Uint8Array>) => pipe(f, ring(dict<Uint8Array>(), c))',
  'const h = <A>(f: (id: number) => TE.TaskEither<Error, A>, p: Policy.Policy<unknown, never, A>) => pipe(f, ring(dict(), p))(1)',
  'const h = <F extends typeof find>(f: F) => pipe((id: number) => f(id), ring(dict(), { name: "f" }))(1)',
  'ring(overloaded as (id: number) => TE.TaskEither<never, number>, { store: dict() })',
  'const f: <T>(x: T) => TE.TaskEither<string, T> = fromPromiseFunction(async <T>(x: T) => x, () => "failed")',
  'const g: Ring.Of<typeof find> = ring(find, { store: dict<Uint8Array>(), codec: json })',
  'const h: Ring.Of<typeof find> = pipe(find, ring(lru({ max: 10 }), Policy.ttl(Duration.minutes(1))))'
]

describe('the messages of the compiler', () => {
  const lines = [...mistakes.map(([code]) => code), ...right].map((code) => `{ ${code} }`)
  const start = prelude.split('\n').length - 1
  let said: ReadonlyMap<number, string> = new Map()
  let hover = ''

  beforeAll(() => {
    const { options } = ts.getParsedCommandLineOfConfigFile(path.join(root, 'tsconfig.json'), undefined, {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: () => undefined
    })!
    const name = path.join(root, 'messages.ts')
    const unused = { noUnusedLocals: false, noUnusedParameters: false, isolatedModules: false }
    const host = ts.createCompilerHost(options)
    const program = ts.createProgram(
      [name],
      { ...options, ...unused },
      {
        ...host,
        fileExists: (file) => file === name || host.fileExists(file),
        getSourceFile: (file, target) =>
          file === name
            ? ts.createSourceFile(name, `${prelude}${lines.join('\n')}\nexport {}\n`, target, true)
            : host.getSourceFile(file, target)
      }
    )
    const source = program.getSourceFile(name)!
    const found = new Map<number, string>()
    for (const d of [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]) {
      const at = ts.getLineAndCharacterOfPosition(source, d.start ?? 0).line - start
      if (!found.has(at)) found.set(at, ts.flattenDiagnosticMessageText(d.messageText, '\n'))
    }
    said = found
    const checker = program.getTypeChecker()
    ts.forEachChild(source, (node) => {
      if (!ts.isVariableStatement(node)) return
      const [declared] = node.declarationList.declarations
      if (declared!.name.getText() === 'hovered')
        hover = checker.typeToString(checker.getTypeAtLocation(declared!.name), declared)
    })
  }, 120_000)

  const lastOf = (message: string): string => message.trim().split('\n').at(-1)!.trim()

  it.each(mistakes.map(([code, sentence], i) => [code, sentence, i] as const))('%s', (code, sentence, i) => {
    const message = said.get(i) ?? 'it compiles'
    expect(message).toContain(sentence)
    // of `ringReader` the compiler explains each form
    if (!code.startsWith('ringReader')) expect(lastOf(message)).toContain(sentence)
  })

  it('each is short', () => {
    const long = mistakes.map((_, i) => lastOf(said.get(i) ?? '')).filter(({ length }) => length > 300)
    expect(long).toEqual([])
  })

  it('they are these', () => {
    expect(mistakes.map(([code], i) => `${code}\n${lastOf(said.get(i) ?? 'it compiles')}`)).toMatchSnapshot()
  })

  it.each(right.map((code, i) => [code, i + mistakes.length] as const))('%s compiles', (_, i) => {
    expect(said.get(i)).toBeUndefined()
  })

  it('a hover of a ring is short', () => {
    expect(hover).toMatch(/^Ring(\.Ring)?<\[id: number\], Error, /)
    expect(hover.length).toBeLessThanOrEqual(142)
  })

  it('the prelude compiles, so that a message is of its mistake', () => {
    expect([...said.keys()].filter((at) => at < 0)).toEqual([])
  })
})
